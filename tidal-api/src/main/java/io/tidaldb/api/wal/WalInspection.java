package io.tidaldb.api.wal;

/** Receives what an offline reading of a store's files finds. File names are relative to the node's directory. */
public interface WalInspection {

    /** A file was opened that holds log data. */
    void file(String file, long bytes);

    /** A batch, once for each log that it belongs to, wherever it is stored: own file or journal. */
    void batch(LogId log, String file, long offset, WalBatch batch);

    /** An incomplete write at the end, which was never acknowledged. */
    void tornTail(String file, long offset, long bytes);

    /** Bytes that are not what was written. */
    void damage(String file, long offset, String expected, String actual);
}
