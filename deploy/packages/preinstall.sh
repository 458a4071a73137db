#!/bin/sh
set -e
getent passwd logsluice >/dev/null ||
    useradd --system --user-group --home-dir /var/lib/logsluice --no-create-home --shell /usr/sbin/nologin logsluice
