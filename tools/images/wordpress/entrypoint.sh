#!/bin/sh
# Fills an empty volume at wp-content with the themes of the image, then runs the command. Only what is missing as a
# whole is copied: a volume that WordPress has used keeps what its owner made of it.
set -eu
content=/var/www/html/wp-content
if [ ! -e "$content/index.php" ]; then
  # index.php is copied last: a start that was interrupted begins anew.
  for entry in themes plugins; do
    [ ! -d "/usr/src/wordpress/wp-content/$entry" ] || cp -r "/usr/src/wordpress/wp-content/$entry" "$content/"
  done
  mkdir -p "$content/uploads"
  printf '<?php\n// Silence is golden.\n' >"$content/.index.php" && mv "$content/.index.php" "$content/index.php"
  if [ "$(id -u)" = 0 ]; then chown -R www-data:www-data "$content"; fi
fi
exec "$@"
