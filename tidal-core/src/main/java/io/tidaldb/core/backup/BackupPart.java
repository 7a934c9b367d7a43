package io.tidaldb.core.backup;

import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.WalBatch;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What one part of a backup is.
 *
 * @param point where it ends
 * @param batches how many it has
 */
public record BackupPart(BackupHead head, BackupPoint point, long batches) {

    /**
     * Reads a part and checks that it is whole by its digest.
     *
     * @param name of the source, for messages
     * @throws TidalException CORRUPT_DATA, FORMAT_TOO_NEW; INVALID_ARGUMENT if there are several parts
     */
    public static BackupPart read(String name, InputStream in) throws IOException {
        Seen seen = new Seen(name);
        new BackupReader(name, in).read(seen);
        return new BackupPart(
                Objects.requireNonNull(seen.head, "a part has a head"),
                Objects.requireNonNull(seen.point, "a part has an end"),
                seen.batches);
    }

    private static final class Seen implements BackupReader.Visitor {

        private final String name;
        private @Nullable BackupHead head;
        private @Nullable BackupPoint point;
        private long batches;

        Seen(String name) {
            this.name = name;
        }

        @Override
        public void head(BackupHead next) {
            if (head != null) {
                throw TidalException.invalid(name + " has several parts: expected one");
            }
            head = next;
        }

        @Override
        public void batch(int slot, WalBatch batch) {
            batches++;
        }

        @Override
        public void base(int slot, byte[] bytes) {
            // Part of its content.
        }

        @Override
        public void end(BackupPoint reached) {
            point = reached;
        }
    }
}
