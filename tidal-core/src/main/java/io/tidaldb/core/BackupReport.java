package io.tidaldb.core;

import io.tidaldb.core.backup.BackupPoint;

/**
 * What a part of a backup came to.
 *
 * @param after where it began; {@link BackupPoint#NOTHING} if it has everything, also where that was not asked for
 * @param point where it ends, and the next one begins
 * @param batches how many batches are in it; 0 if nothing was written since the part before
 */
public record BackupReport(BackupPoint after, BackupPoint point, long batches) {}
