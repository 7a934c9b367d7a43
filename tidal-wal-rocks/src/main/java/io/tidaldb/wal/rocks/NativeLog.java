package io.tidaldb.wal.rocks;

import org.rocksdb.InfoLogLevel;
import org.rocksdb.Logger;
import org.slf4j.LoggerFactory;

/** Hands RocksDB's warnings on. Called by its threads. */
final class NativeLog extends Logger {

    private static final org.slf4j.Logger LOG = LoggerFactory.getLogger(NativeLog.class);

    NativeLog() {
        super(InfoLogLevel.WARN_LEVEL);
    }

    @Override
    protected void log(InfoLogLevel level, String message) {
        LOG.debug("{}: {}", level, message);
    }
}
