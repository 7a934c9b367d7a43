package io.tidaldb.wal.file;

import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.testkit.fuzz.Decoder;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.function.Consumer;
import java.util.zip.CRC32C;

/** What the store reads of its journal. */
@SuppressWarnings("ImmutableEnumChecker") // The bytes are copied before they are spoilt.
enum JournalDecoder implements Decoder {
    FRAME(frame(), bytes -> Frame.parse(little(bytes), 0)) {
        @Override
        public byte[] sealed(byte[] bytes) {
            if (bytes.length >= Frame.HEADER_BYTES) {
                little(bytes).putInt(28, 0);
                CRC32C crc = new CRC32C();
                crc.update(bytes, 0, Frame.HEADER_BYTES);
                little(bytes).putInt(28, (int) crc.getValue());
            }
            return bytes;
        }
    },
    COMMIT(commit(), bytes -> CommitHeader.parse(little(bytes), 0)) {
        @Override
        public byte[] sealed(byte[] bytes) {
            if (bytes.length >= Long.BYTES + CommitHeader.HEADER_BYTES) {
                little(bytes).putInt(Long.BYTES + 44, 0);
                CRC32C crc = new CRC32C();
                crc.update(bytes, Long.BYTES, CommitHeader.HEADER_BYTES);
                little(bytes).putInt(Long.BYTES + 44, (int) crc.getValue());
            }
            return bytes;
        }
    };

    private final byte[] example;
    private final Consumer<byte[]> read;

    JournalDecoder(byte[] example, Consumer<byte[]> read) {
        this.example = example;
        this.read = read;
    }

    private static ByteBuffer little(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static Frame erased() {
        return Frame.erased(new LogId(ShardId.of(1), TenantId.of(7), new Origin(RegionId.of(3), ShardId.of(9), 2)));
    }

    private static byte[] frame() {
        byte[] bytes = new byte[erased().paddedBytes()];
        ByteBuffer.wrap(bytes).put(erased().header()).put(erased().body());
        return bytes;
    }

    private static byte[] commit() {
        CommitAssembly assembly = new CommitAssembly();
        assembly.add(erased());
        ByteBuffer blocks = assembly.seal(5, false, 1, 0, null);
        byte[] bytes = new byte[blocks.remaining()];
        blocks.get(bytes);
        return bytes;
    }

    @Override
    public List<byte[]> examples() {
        return List.of(example);
    }

    @Override
    public void read(byte[] bytes) {
        read.accept(bytes);
    }
}
