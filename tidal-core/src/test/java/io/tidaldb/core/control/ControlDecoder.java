package io.tidaldb.core.control;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.control.ControlEntry;
import io.tidaldb.api.control.ControlSnapshot;
import io.tidaldb.testkit.fuzz.Decoder;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.zip.CRC32C;

/** What nodes read of what was agreed. */
@SuppressWarnings("ImmutableEnumChecker") // The bytes are copied before they are spoilt.
enum ControlDecoder implements Decoder {
    COMMAND(commands(), UnaryOperator.identity(), bytes -> new CommandCodec().proposed(bytes)),
    STATE(
            List.of(new StateCodec().encode(new ClusterState())),
            UnaryOperator.identity(),
            bytes -> new StateCodec().decode(bytes)),
    LOG_FILE(List.of(logFile()), ControlDecoder::resealed, bytes -> ControlFrames.scan("a file", bytes, 1, true)),
    SNAPSHOT_FILE(
            List.of(ControlFrames.snapshot(new ControlSnapshot(1, new byte[20])).array()),
            UnaryOperator.identity(),
            bytes -> ControlFrames.readSnapshot("a file", bytes, 1));

    private final List<byte[]> examples;
    private final UnaryOperator<byte[]> seal;
    private final Consumer<byte[]> read;

    ControlDecoder(List<byte[]> examples, UnaryOperator<byte[]> seal, Consumer<byte[]> read) {
        this.examples = examples;
        this.seal = seal;
        this.read = read;
    }

    private static List<byte[]> commands() {
        CommandCodec codec = new CommandCodec();
        return List.of(
                codec.encode(new ClusterCommand.DeleteTenant(TenantId.of(7))),
                codec.encode(new ClusterCommand.DeclareSignal("view", 5)),
                codec.encode(new ClusterCommand.UpdateTenant(
                        TenantConfig.builder(TenantId.of(7)).label("a").build())),
                codec.encode(new ClusterCommand.NodeVersion(NodeId.of("n1"), "0.1", "0.1")));
    }

    private static byte[] logFile() {
        ByteBuffer header = ControlFrames.fileHeader(1);
        ByteBuffer frame = ControlFrames.frame(new ControlEntry(1, new byte[20]));
        byte[] bytes = new byte[header.remaining() + frame.remaining()];
        ByteBuffer.wrap(bytes).put(header).put(frame);
        return bytes;
    }

    /** Makes the checksums of the file's header, the first frame's header and the first command right. */
    private static byte[] resealed(byte[] bytes) {
        seal(bytes, 0, 16, 16);
        seal(bytes, 20, 32, 32);
        if (bytes.length >= 40) {
            int end = 40 + little(bytes).getInt(20);
            if (end >= 40 && end <= bytes.length) {
                seal(bytes, 40, end, 36);
            }
        }
        return bytes;
    }

    private static void seal(byte[] bytes, int from, int to, int at) {
        if (bytes.length >= Math.max(to, at + Integer.BYTES)) {
            CRC32C crc = new CRC32C();
            crc.update(bytes, from, to - from);
            little(bytes).putInt(at, (int) crc.getValue());
        }
    }

    private static ByteBuffer little(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    @Override
    public List<byte[]> examples() {
        return examples;
    }

    @Override
    public byte[] sealed(byte[] bytes) {
        return seal.apply(bytes);
    }

    @Override
    public void read(byte[] bytes) {
        read.accept(bytes);
    }
}
