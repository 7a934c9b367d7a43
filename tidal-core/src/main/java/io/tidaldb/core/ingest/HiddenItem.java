package io.tidaldb.core.ingest;

import io.tidaldb.api.WalSegmentId;

/**
 * An item that a user does not want to see.
 *
 * @param what 0 hide, 1 mute, 2 block
 * @param record what says so
 */
public record HiddenItem(int what, long item, WalSegmentId record) {}
