package io.tidaldb.control.ratis;

import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.stream.Stream;
import org.apache.ratis.io.MD5Hash;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.storage.FileInfo;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.statemachine.SnapshotRetentionPolicy;
import org.apache.ratis.statemachine.impl.SimpleStateMachineStorage;
import org.apache.ratis.statemachine.impl.SingleFileSnapshotInfo;
import org.apache.ratis.util.MD5FileUtil;
import org.jspecify.annotations.Nullable;

/**
 * Snapshots on disk, where Ratis looks for them to send them to members that are behind: {@code sm/snapshot.TERM_INDEX} and its MD5
 * beside it. A snapshot is durable before it counts as the latest.
 */
final class SnapshotStore extends SimpleStateMachineStorage {

    /** One may be on its way to a member while the next is written. */
    private static final SnapshotRetentionPolicy KEPT = new SnapshotRetentionPolicy() {
        @Override
        public int getNumSnapshotsRetained() {
            return 2;
        }
    };

    private volatile @Nullable Path temporary;

    @Override
    public void init(RaftStorage storage) throws IOException {
        temporary = storage.getStorageDir().getTmpDir().toPath();
        super.init(storage);
    }

    void write(TermIndex place, byte[] content) throws IOException {
        File file = getSnapshotFile(place.getTerm(), place.getIndex());
        File part = getTmpSnapshotFile(place.getTerm(), place.getIndex());
        try (FileChannel channel = FileChannel.open(
                part.toPath(),
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE)) {
            ByteBuffer bytes = ByteBuffer.wrap(content);
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
        MD5Hash digest = MD5FileUtil.computeMd5ForFile(part);
        // First, because a snapshot without it can't be sent.
        MD5FileUtil.saveMD5File(file, digest);
        Files.move(part.toPath(), file.toPath(), StandardCopyOption.ATOMIC_MOVE);
        force(file.toPath().toAbsolutePath().getParent());
        updateLatestSnapshot(
                new SingleFileSnapshotInfo(new FileInfo(file.toPath(), digest), place.getTerm(), place.getIndex()));
        cleanupOldSnapshots(KEPT);
    }

    /** Returns the newest snapshot, or null if there is none. */
    @Nullable
    StoredSnapshot read() throws IOException {
        SingleFileSnapshotInfo latest = loadLatestSnapshot();
        if (latest == null) {
            return null;
        }
        Path file = latest.getFile().getPath();
        String name = String.valueOf(file.getFileName());
        long size = Files.size(file);
        if (size > StoredSnapshot.MAX_BYTES) {
            throw StorageCheck.damaged(name, "expected at most " + StoredSnapshot.MAX_BYTES + " bytes, found " + size);
        }
        return StoredSnapshot.decode(name, Files.readAllBytes(file));
    }

    /** Makes durable what was received: Ratis drops the log that it replaces right after it has taken its place. */
    void forceReceived() throws IOException {
        Path received = temporary;
        if (received == null || !Files.isDirectory(received)) {
            return;
        }
        try (Stream<Path> paths = Files.walk(received)) {
            for (Path path : paths.toList()) {
                force(path);
            }
        }
    }

    private static void force(@Nullable Path path) throws IOException {
        if (path != null) {
            try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
                channel.force(true);
            }
        }
    }
}
