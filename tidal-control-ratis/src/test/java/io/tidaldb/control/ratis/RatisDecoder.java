package io.tidaldb.control.ratis;

import io.tidaldb.api.control.ControlSnapshot;
import io.tidaldb.testkit.fuzz.Decoder;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.zip.CRC32C;

/** What the agreed log reads of what other members wrote. */
@SuppressWarnings("ImmutableEnumChecker") // The bytes are copied before they are spoilt.
enum RatisDecoder implements Decoder {
    PROPOSAL(new Proposal(new UUID(1, 2), 3, new byte[20]).encode(), bytes -> Proposal.decode(ByteBuffer.wrap(bytes))),
    SNAPSHOT(
            new StoredSnapshot(new ControlSnapshot(7, new byte[30]), Map.of(new UUID(1, 2), 3L)).encode(),
            bytes -> StoredSnapshot.decode("a snapshot", bytes)) {
        @Override
        public byte[] sealed(byte[] bytes) {
            if (bytes.length >= Integer.BYTES) {
                CRC32C crc = new CRC32C();
                crc.update(bytes, 0, bytes.length - Integer.BYTES);
                ByteBuffer.wrap(bytes).putInt(bytes.length - Integer.BYTES, (int) crc.getValue());
            }
            return bytes;
        }
    };

    private final byte[] example;
    private final Consumer<byte[]> read;

    RatisDecoder(byte[] example, Consumer<byte[]> read) {
        this.example = example;
        this.read = read;
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
