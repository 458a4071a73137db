#!/bin/sh
# dpkg says `remove`, rpm the number of versions that stay; an upgrade leaves the service as it is.
set -e
if [ -d /run/systemd/system ] && { [ "$1" = remove ] || [ "$1" = 0 ]; }; then
    systemctl disable --now logsluice.service
fi
