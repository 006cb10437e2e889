<?php
/**
 * WordPress's settings from the environment variables of docker.io/library/wordpress; each may also be given as a
 * file named by the variable with the suffix _FILE.
 */
function tenantry_setting(string $name, string $default): string
{
    $file = getenv($name . '_FILE');
    if ($file !== false && $file !== '') {
        return rtrim(file_get_contents($file), "\r\n");
    }
    $value = getenv($name);
    return $value === false ? $default : $value;
}

define('DB_NAME', tenantry_setting('WORDPRESS_DB_NAME', 'wordpress'));
define('DB_USER', tenantry_setting('WORDPRESS_DB_USER', 'wordpress'));
define('DB_PASSWORD', tenantry_setting('WORDPRESS_DB_PASSWORD', ''));
define('DB_HOST', tenantry_setting('WORDPRESS_DB_HOST', 'mysql'));
define('DB_CHARSET', tenantry_setting('WORDPRESS_DB_CHARSET', 'utf8mb4'));
define('DB_COLLATE', tenantry_setting('WORDPRESS_DB_COLLATE', ''));

// Without keys of its own a site signs its cookies with its database password: stable and secret, if not separate.
foreach (['AUTH_KEY', 'SECURE_AUTH_KEY', 'LOGGED_IN_KEY', 'NONCE_KEY',
          'AUTH_SALT', 'SECURE_AUTH_SALT', 'LOGGED_IN_SALT', 'NONCE_SALT'] as $name) {
    define($name, tenantry_setting('WORDPRESS_' . $name, hash_hmac('sha256', $name, DB_PASSWORD)));
}

$table_prefix = tenantry_setting('WORDPRESS_TABLE_PREFIX', 'wp_');
define('WP_DEBUG', tenantry_setting('WORDPRESS_DEBUG', '') !== '');

// A proxy that ends TLS says so in this header.
if (strpos($_SERVER['HTTP_X_FORWARDED_PROTO'] ?? '', 'https') !== false) {
    $_SERVER['HTTPS'] = 'on';
}

$tenantry_extra = tenantry_setting('WORDPRESS_CONFIG_EXTRA', '');
if ($tenantry_extra !== '') {
    eval($tenantry_extra);
}
unset($tenantry_extra);

if (!defined('ABSPATH')) {
    define('ABSPATH', __DIR__ . '/');
}
require_once ABSPATH . 'wp-settings.php';
