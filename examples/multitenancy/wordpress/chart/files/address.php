// The site's address: the one that was set, else the one that the visitor used.
$tenantry_url = getenv('SITE_URL');
if (!$tenantry_url) {
    $tenantry_url = (($_SERVER['HTTPS'] ?? '') === 'on' ? 'https://' : 'http://') . ($_SERVER['HTTP_HOST'] ?? 'localhost');
}
define('WP_HOME', $tenantry_url);
define('WP_SITEURL', $tenantry_url);
unset($tenantry_url);
