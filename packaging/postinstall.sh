#!/bin/sh
# Nothing is started that was not running; what runs needs its new files.
set -e
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    systemctl try-restart logsluice.service
fi
