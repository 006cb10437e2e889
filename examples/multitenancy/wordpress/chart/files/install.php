// Installs WordPress if that has not been done yet, and carries a changed title over. Runs beside the web server when
// the container starts, with the official image and with others that are laid out like it. Exit code 0 = the site is
// installed.
$deadline = time() + 240;
$home = '/var/www/html';
$wait = function (string $what) use ($deadline): void {
    if (time() > $deadline) {
        fwrite(STDERR, "gave up waiting for $what\n");
        exit(1);
    }
    usleep(200000);
};

// The image's start script may still be copying WordPress; wp-config.php is the last it makes.
while (!is_file("$home/wp-config.php") || !is_file("$home/wp-includes/version.php") || !is_dir("$home/wp-content/themes")) {
    $wait('WordPress to be unpacked');
}
mysqli_report(MYSQLI_REPORT_OFF);
for (;;) {
    $database = mysqli_init();
    $database->options(MYSQLI_OPT_CONNECT_TIMEOUT, 3);
    $host = getenv('WORDPRESS_DB_HOST');
    if (@$database->real_connect($host, getenv('WORDPRESS_DB_USER'), getenv('WORDPRESS_DB_PASSWORD'), getenv('WORDPRESS_DB_NAME'))) {
        break;
    }
    $wait("the database at $host: " . mysqli_connect_error());
}
$database->close();

define('WP_INSTALLING', true);
// An installation mails its administrator and calls itself to try permalinks: here both would only wait for nothing.
function wp_new_blog_notification() {}
require "$home/wp-load.php";
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
add_filter('pre_http_request', fn () => new WP_Error('http_request_not_executed', 'not while installing'));

$title = getenv('SITE_TITLE');
if (!is_blog_installed()) {
    wp_install($title, getenv('SITE_ADMIN_USER'), getenv('SITE_ADMIN_EMAIL'), true, '', wp_slash(getenv('SITE_ADMIN_PASSWORD')));
    update_option('tenantry_title', $title);
} elseif (get_option('tenantry_title') !== $title) {
    // The title that was asked for has changed. What the owner wrote in WordPress meanwhile counts more.
    if (get_option('blogname') === sanitize_option('blogname', get_option('tenantry_title'))) {
        update_option('blogname', $title);
    }
    update_option('tenantry_title', $title);
}
exit(is_blog_installed() ? 0 : 1);
