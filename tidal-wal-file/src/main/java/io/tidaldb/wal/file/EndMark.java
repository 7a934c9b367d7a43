package io.tidaldb.wal.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/** The one block that a clean close leaves of the journal: nothing else may be there, and every byte of it is checked. */
final class EndMark {

    private EndMark() {}

    static @Nullable Damage check(Layout layout, Manifest manifest) throws IOException {
        Path file = layout.journalFile(manifest.replayFile());
        String name = layout.name(file);
        if (!Files.exists(file)) {
            return new Damage(name, 0, "the end mark", "no file");
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            if (channel.size() != CommitHeader.BLOCK_BYTES) {
                return new Damage(name, 0, CommitHeader.BLOCK_BYTES + " bytes", channel.size() + " bytes");
            }
            ByteBuffer block = ByteBuffer.allocate(CommitHeader.BLOCK_BYTES).order(ByteOrder.LITTLE_ENDIAN);
            Disk.read(channel, block, 0);
            CommitHeader header = CommitHeader.parse(block.clear(), 0);
            if (header == null
                    || !header.endMark()
                    || header.number() != manifest.firstCommit()
                    || header.crc() != CommitHeader.crc(block.array())) {
                return new Damage(name, 0, "the end mark of commit " + manifest.firstCommit(), "something else");
            }
            return null;
        }
    }
}
