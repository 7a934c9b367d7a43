package io.tidaldb.testkit.disk;

import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * What of that which was not synced a power cut takes.
 *
 * @param chance decides for each page of 4,096 bytes and each change of a directory; null if all are treated alike
 * @param keeps whether everything is kept if there is no chance
 */
public record Loss(@Nullable RandomGenerator chance, boolean keeps) {

    static final int SECTOR_BYTES = 512;

    /** All of it is lost. */
    public static final Loss EVERYTHING = new Loss(null, false);

    /** All of it is there: what a killed process leaves. */
    public static final Loss NOTHING = new Loss(null, true);

    /** Any page and any name may be lost or not, in any order; one page in eight is torn between two sectors. */
    public static Loss of(RandomGenerator random) {
        return new Loss(random, false);
    }

    boolean keepsNext() {
        return chance == null ? keeps : chance.nextBoolean();
    }

    /** Returns how many of the bytes of a page that are not durable reach the disk: the first ones. */
    int kept(int bytes) {
        if (chance == null || chance.nextInt(8) > 0) {
            return keepsNext() ? bytes : 0;
        }
        return Math.min(bytes, chance.nextInt(1 + bytes / SECTOR_BYTES) * SECTOR_BYTES);
    }
}
