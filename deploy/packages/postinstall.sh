#!/bin/sh
# Nothing is started that was not running; what runs needs its new files. It is not waited for: an upgrade must not hang
# or fail with a queue that does not answer.
set -e
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    systemctl --no-block try-restart logsluice.service
fi
