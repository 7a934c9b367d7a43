package io.tidaldb.control.ratis;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.server.storage.RaftStorageMetadata;

/**
 * Makes Raft's term and vote durable. Ratis 3.3.0 forces the file that has them and renames it into its place, but not the directory: a power
 * cut could bring back the vote before.
 *
 * <p>Safe for any number of threads.
 */
final class Votes {

    private RaftStorageMetadata forced = RaftStorageMetadata.getDefault();

    /** Returns the term, durable with the vote in it. It is that of the file: Ratis counts one up before it writes it. */
    synchronized long durableTerm(RaftServer.Division division) throws IOException {
        RaftStorage storage = division.getRaftStorage();
        RaftStorageMetadata written = storage.getMetadataFile().getMetadata();
        if (!written.equals(forced)) {
            Path directory = storage.getStorageDir().getCurrentDir().toPath();
            try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
                channel.force(true);
            }
            forced = written;
        }
        return written.getTerm();
    }
}
