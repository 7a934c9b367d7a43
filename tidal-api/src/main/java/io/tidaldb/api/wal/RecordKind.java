package io.tidaldb.api.wal;

/** What a batch holds; a batch holds one kind. The number is bits 8 to 15 of its flags, fixed for ever. */
public enum RecordKind {
    /** Signals, 21 bytes each. */
    SIGNALS,
    /** Names of entities. */
    ENTITIES,
    /** Session writes. */
    SESSIONS,
    /** Hide, mute, block and their withdrawal. */
    HARD_NEGATIVES,
    /** Schema entries, labels, takeovers and whatever else governs how a log is folded. */
    CONTROL
}
