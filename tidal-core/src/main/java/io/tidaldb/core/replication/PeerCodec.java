package io.tidaldb.core.replication;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.ledger.StateDigest;
import io.tidaldb.core.replication.PeerMessage.Ack;
import io.tidaldb.core.replication.PeerMessage.Append;
import io.tidaldb.core.replication.PeerMessage.BucketCells;
import io.tidaldb.core.replication.PeerMessage.DigestReport;
import io.tidaldb.core.replication.PeerMessage.Failure;
import io.tidaldb.core.replication.PeerMessage.Heartbeat;
import io.tidaldb.core.replication.PeerMessage.HeartbeatAnswer;
import io.tidaldb.core.replication.PeerMessage.Hello;
import io.tidaldb.core.replication.PeerMessage.OfSlot;
import io.tidaldb.core.replication.PeerMessage.SnapshotChunk;
import io.tidaldb.core.replication.PeerMessage.SnapshotFetch;
import io.tidaldb.core.replication.PeerMessage.State;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of {@link PeerMessage}s. All numbers are little-endian; {@code docs/formats.md} has the bodies.
 *
 * <pre>
 * offset size
 *      0    4  CRC-32C of everything after it
 *      4    2  protocol version of the sender
 *      6    1  kind
 *      7    1  zero
 *      8    8  epoch
 *     16       body
 * </pre>
 *
 * A message that comes from outside is taken for anything: what it announces is compared with the bytes that are there before anything
 * is allocated for it. Nothing decoded refers to the buffer that it was decoded from.
 */
public final class PeerCodec {

    /** The protocol version that this node speaks. */
    public static final int PROTOCOL = 1;

    /** The oldest protocol version that this node reads. */
    public static final int MIN_PROTOCOL = 1;

    /** Size of the envelope in bytes: a message without its body. */
    public static final int ENVELOPE_BYTES = 16;

    /** Longest text in a message, in bytes of UTF-8. */
    public static final int MAX_TEXT_BYTES = 1536;

    private static final int CRC_BYTES = 4;
    private static final int PROTOCOL_AT = 4;
    private static final int KIND_AT = 6;
    private static final int ZERO_AT = 7;
    private static final int EPOCH_AT = 8;

    private static final int ORIGIN_BYTES = 2 + 2 + 4;
    private static final int SLOT_BYTES = 8 + 2;
    private static final int LOG_POSITION_BYTES = ORIGIN_BYTES + 3 * Long.BYTES;
    private static final int SLOT_POSITION_BYTES = SLOT_BYTES + 8 + ORIGIN_BYTES + 2 * Long.BYTES;

    private static final List<Form<?>> FORMS = List.of(
            new Form<>(Hello.KIND, Hello.class, PeerCodec::bytes, PeerCodec::put, PeerCodec::hello),
            new Form<>(State.KIND, State.class, PeerCodec::bytes, PeerCodec::put, PeerCodec::state),
            new Form<>(Append.KIND, Append.class, PeerCodec::bytes, PeerCodec::put, PeerCodec::append),
            new Form<>(Ack.KIND, Ack.class, ack -> SLOT_BYTES + ORIGIN_BYTES + 16, PeerCodec::put, PeerCodec::ack),
            new Form<>(
                    SnapshotFetch.KIND,
                    SnapshotFetch.class,
                    fetch -> SLOT_BYTES + Long.BYTES + Integer.BYTES,
                    PeerCodec::put,
                    (epoch, in) -> new SnapshotFetch(epoch, tenant(in), shard(in), in.getLong(), in.getInt())),
            new Form<>(Heartbeat.KIND, Heartbeat.class, PeerCodec::bytes, PeerCodec::put, PeerCodec::heartbeat),
            new Form<>(
                    HeartbeatAnswer.KIND,
                    HeartbeatAnswer.class,
                    answer -> Long.BYTES,
                    (answer, out) -> out.putLong(answer.number()),
                    (epoch, in) -> new HeartbeatAnswer(epoch, in.getLong())),
            new Form<>(
                    SnapshotChunk.KIND,
                    SnapshotChunk.class,
                    PeerCodec::bytes,
                    PeerCodec::put,
                    PeerCodec::snapshotChunk),
            new Form<>(
                    DigestReport.KIND,
                    DigestReport.class,
                    report -> SLOT_BYTES + 8 + StateDigest.ENCODED_BYTES,
                    PeerCodec::put,
                    PeerCodec::digestReport),
            new Form<>(BucketCells.KIND, BucketCells.class, PeerCodec::bytes, PeerCodec::put, PeerCodec::bucketCells),
            new Form<>(Failure.KIND, Failure.class, PeerCodec::bytes, PeerCodec::put, PeerCodec::failure));

    private PeerCodec() {}

    /** How one kind is written and read. */
    private record Form<T extends PeerMessage>(
            int kind, Class<T> type, BodySize<T> bodyBytes, BodyWriter<T> writer, BodyReader<T> reader) {

        ByteBuffer encode(PeerMessage message) {
            T body = type.cast(message);
            long bytes = ENVELOPE_BYTES + bodyBytes.of(body);
            if (bytes > Integer.MAX_VALUE) {
                throw TidalException.invalid("message of kind " + kind + " has " + bytes + " bytes: send it in parts");
            }
            ByteBuffer out = ByteBuffer.allocate((int) bytes).order(ByteOrder.LITTLE_ENDIAN);
            out.putShort(PROTOCOL_AT, (short) PROTOCOL)
                    .put(KIND_AT, (byte) kind)
                    .putLong(EPOCH_AT, message.epoch())
                    .position(ENVELOPE_BYTES);
            writer.write(body, out);
            return out.putInt(0, crc(out.flip())).rewind();
        }
    }

    private interface BodySize<T> {
        long of(T message);
    }

    private interface BodyWriter<T> {
        void write(T message, ByteBuffer out);
    }

    private interface BodyReader<T> {
        T read(long epoch, ByteBuffer in);
    }

    /**
     * Returns a message's bytes, from position 0 to the limit.
     *
     * @throws TidalException INVALID_ARGUMENT if a text in it is too long or it is larger than a buffer can be
     */
    public static ByteBuffer encode(PeerMessage message) {
        return FORMS.get(message.kind() - 1).encode(message);
    }

    /**
     * Reads one message from all remaining bytes of a buffer, whose position stays where it is.
     *
     * @throws TidalException {@link ErrorCode#CORRUPT_DATA} if the bytes are not what was sent; {@link ErrorCode#FORMAT_TOO_NEW} if they
     *     are of a kind, a protocol or a batch format that this version does not know, to be answered with {@link Failure}
     */
    public static PeerMessage decode(ByteBuffer message) {
        ByteBuffer in = message.slice().order(ByteOrder.LITTLE_ENDIAN);
        Form<?> form = checkEnvelope(in);
        long epoch = in.getLong(EPOCH_AT);
        in.position(ENVELOPE_BYTES);
        try {
            PeerMessage read = form.reader.read(epoch, in);
            if (in.hasRemaining()) {
                throw corrupt(form.kind, "no bytes after the body, found " + in.remaining(), null);
            }
            return read;
        } catch (BufferUnderflowException e) {
            throw corrupt(form.kind, "a whole body, found " + (in.limit() - ENVELOPE_BYTES) + " bytes", e);
        } catch (TidalException e) {
            throw e.code() == ErrorCode.INVALID_ARGUMENT ? corrupt(form.kind, "a valid body: " + e.getMessage(), e) : e;
        }
    }

    /** Returns the kind that a message says it is, or 0 if it is too short to say: for the answer to one that can't be decoded. */
    public static int kind(ByteBuffer message) {
        return message.remaining() > KIND_AT ? Byte.toUnsignedInt(message.get(message.position() + KIND_AT)) : 0;
    }

    private static Form<?> checkEnvelope(ByteBuffer in) {
        if (in.limit() < ENVELOPE_BYTES) {
            throw new TidalException(
                    ErrorCode.CORRUPT_DATA,
                    "message is damaged: expected " + ENVELOPE_BYTES + " bytes or more, found " + in.limit());
        }
        int crc = crc(in);
        int kind = kind(in);
        if (crc != in.getInt(0)) {
            throw corrupt(kind, "checksum " + hex(in.getInt(0)) + ", found " + hex(crc), null);
        }
        int protocol = Short.toUnsignedInt(in.getShort(PROTOCOL_AT));
        if (protocol > PROTOCOL) {
            throw new TidalException(
                    ErrorCode.FORMAT_TOO_NEW,
                    "message of kind " + kind + " is of protocol " + protocol + ": expected " + MIN_PROTOCOL + " to "
                            + PROTOCOL + "; upgrade this node");
        }
        if (protocol < MIN_PROTOCOL || in.get(ZERO_AT) != 0) {
            throw corrupt(
                    kind,
                    "protocol " + MIN_PROTOCOL + " to " + PROTOCOL + " and zero at " + ZERO_AT + ", found " + protocol
                            + " and " + in.get(ZERO_AT),
                    null);
        }
        if (kind < 1 || kind > FORMS.size()) {
            throw new TidalException(
                    ErrorCode.FORMAT_TOO_NEW,
                    "message of kind " + kind + " is not known: protocol " + PROTOCOL + " has kinds 1 to "
                            + FORMS.size());
        }
        return FORMS.get(kind - 1);
    }

    private static long bytes(Hello hello) {
        return bytes(hello.cluster()) + bytes(hello.node().name()) + 2 + 2 + 2;
    }

    private static void put(Hello hello, ByteBuffer out) {
        putText(hello.cluster(), out);
        putText(hello.node().name(), out);
        out.putShort((short) hello.region().value())
                .putShort((short) hello.minProtocol())
                .putShort((short) hello.maxProtocol());
    }

    private static Hello hello(long epoch, ByteBuffer in) {
        String cluster = text(in);
        NodeId node = NodeId.of(text(in));
        return new Hello(epoch, cluster, node, region(in), unsigned16(in), unsigned16(in));
    }

    private static long bytes(State state) {
        return SLOT_BYTES
                + 1
                + Integer.BYTES
                + (long) LOG_POSITION_BYTES * state.positions().size();
    }

    private static void put(State state, ByteBuffer out) {
        putSlot(state, out);
        putFlag(state.answer(), out);
        out.putInt(state.positions().size());
        for (LogPosition position : state.positions()) {
            putOrigin(position.origin(), out);
            out.putLong(position.firstSeqno()).putLong(position.lastSeqno()).putLong(position.chain());
        }
    }

    private static State state(long epoch, ByteBuffer in) {
        TenantId tenant = tenant(in);
        ShardId shard = shard(in);
        boolean answer = flag(in);
        int count = count(in, LOG_POSITION_BYTES);
        List<LogPosition> positions = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            positions.add(new LogPosition(origin(in), in.getLong(), in.getLong(), in.getLong()));
        }
        return new State(epoch, tenant, shard, answer, positions);
    }

    private static long bytes(Append append) {
        long bytes = SLOT_BYTES + Integer.BYTES;
        for (WalBatch batch : append.batches()) {
            bytes += batch.length();
        }
        return bytes;
    }

    private static void put(Append append, ByteBuffer out) {
        putSlot(append, out);
        out.putInt(append.batches().size());
        for (WalBatch batch : append.batches()) {
            batch.copyTo(out);
        }
    }

    private static Append append(long epoch, ByteBuffer in) {
        TenantId tenant = tenant(in);
        ShardId shard = shard(in);
        int count = count(in, WalBatch.HEADER_BYTES);
        List<WalBatch> batches = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            batches.add(batch(in));
        }
        return new Append(epoch, tenant, shard, batches);
    }

    // Each batch gets an array of its own: one that is kept keeps no other.
    private static WalBatch batch(ByteBuffer in) {
        if (in.remaining() < WalBatch.HEADER_BYTES) {
            throw new BufferUnderflowException();
        }
        int length = WalBatch.checkHeader(in, in.position());
        return WalBatch.of(ByteBuffer.wrap(array(in, length)), 0);
    }

    private static void put(Ack ack, ByteBuffer out) {
        putSlot(ack, out);
        putOrigin(ack.origin(), out);
        out.putLong(ack.seqno()).putLong(ack.chain());
    }

    private static Ack ack(long epoch, ByteBuffer in) {
        return new Ack(epoch, tenant(in), shard(in), origin(in), in.getLong(), in.getLong());
    }

    private static long bytes(Heartbeat heartbeat) {
        return 8
                + 8
                + 1
                + 8
                + Integer.BYTES
                + (long) SLOT_POSITION_BYTES * heartbeat.slots().size();
    }

    private static void put(Heartbeat heartbeat, ByteBuffer out) {
        out.putLong(heartbeat.number()).putLong(heartbeat.answered());
        putFlag(heartbeat.leased(), out);
        out.putLong(heartbeat.wallMillis()).putInt(heartbeat.slots().size());
        for (SlotPosition slot : heartbeat.slots()) {
            out.putLong(slot.tenant().value())
                    .putShort((short) slot.shard().value())
                    .putLong(slot.epoch());
            putOrigin(slot.origin(), out);
            out.putLong(slot.lastSeqno()).putLong(slot.chain());
        }
    }

    private static Heartbeat heartbeat(long epoch, ByteBuffer in) {
        long number = in.getLong();
        long answered = in.getLong();
        boolean leased = flag(in);
        long wallMillis = in.getLong();
        int count = count(in, SLOT_POSITION_BYTES);
        List<SlotPosition> slots = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            slots.add(new SlotPosition(tenant(in), shard(in), in.getLong(), origin(in), in.getLong(), in.getLong()));
        }
        return new Heartbeat(epoch, number, answered, leased, wallMillis, slots);
    }

    private static long bytes(SnapshotChunk chunk) {
        return SLOT_BYTES + 8L + 4 + 1 + Integer.BYTES + chunk.content().length;
    }

    private static void put(SnapshotChunk chunk, ByteBuffer out) {
        putSlot(chunk, out);
        out.putLong(chunk.snapshot()).putInt(chunk.index());
        putFlag(chunk.last(), out);
        putBytes(chunk.content(), out);
    }

    private static SnapshotChunk snapshotChunk(long epoch, ByteBuffer in) {
        return new SnapshotChunk(epoch, tenant(in), shard(in), in.getLong(), in.getInt(), flag(in), bytes(in));
    }

    private static void put(SnapshotFetch fetch, ByteBuffer out) {
        putSlot(fetch, out);
        out.putLong(fetch.snapshot()).putInt(fetch.index());
    }

    private static void put(DigestReport report, ByteBuffer out) {
        putSlot(report, out);
        out.putLong(report.mark());
        report.digest().writeTo(out);
    }

    private static DigestReport digestReport(long epoch, ByteBuffer in) {
        return new DigestReport(epoch, tenant(in), shard(in), in.getLong(), StateDigest.readFrom(in));
    }

    private static long bytes(BucketCells cells) {
        return SLOT_BYTES + 8L + 1 + 1 + Integer.BYTES + cells.cells().length;
    }

    private static void put(BucketCells cells, ByteBuffer out) {
        putSlot(cells, out);
        out.putLong(cells.mark()).put((byte) cells.bucket());
        putFlag(cells.last(), out);
        putBytes(cells.cells(), out);
    }

    private static BucketCells bucketCells(long epoch, ByteBuffer in) {
        return new BucketCells(epoch, tenant(in), shard(in), in.getLong(), unsigned8(in), flag(in), bytes(in));
    }

    private static long bytes(Failure failure) {
        return 1 + bytes(failure.code().name()) + bytes(failure.text());
    }

    private static void put(Failure failure, ByteBuffer out) {
        out.put((byte) failure.ofKind());
        putText(failure.code().name(), out);
        putText(failure.text(), out);
    }

    private static Failure failure(long epoch, ByteBuffer in) {
        return new Failure(epoch, unsigned8(in), code(text(in)), text(in));
    }

    private static ErrorCode code(String name) {
        for (ErrorCode code : ErrorCode.values()) {
            if (code.name().equals(name)) {
                return code;
            }
        }
        throw new TidalException(
                ErrorCode.FORMAT_TOO_NEW, "failure's code " + name + " is not known to protocol " + PROTOCOL);
    }

    private static void putSlot(OfSlot message, ByteBuffer out) {
        out.putLong(message.tenant().value()).putShort((short) message.shard().value());
    }

    private static TenantId tenant(ByteBuffer in) {
        return TenantId.of(in.getLong());
    }

    private static ShardId shard(ByteBuffer in) {
        return ShardId.of(unsigned16(in));
    }

    private static RegionId region(ByteBuffer in) {
        return RegionId.of(unsigned16(in));
    }

    private static void putOrigin(Origin origin, ByteBuffer out) {
        out.putShort((short) origin.region().value())
                .putShort((short) origin.shard().value())
                .putInt(origin.incarnation());
    }

    private static Origin origin(ByteBuffer in) {
        return new Origin(region(in), shard(in), in.getInt());
    }

    private static long bytes(String text) {
        return 2L + text.getBytes(StandardCharsets.UTF_8).length;
    }

    private static void putText(String text, ByteBuffer out) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > MAX_TEXT_BYTES) {
            throw TidalException.invalid(
                    "text of " + bytes.length + " bytes is too long: expected up to " + MAX_TEXT_BYTES);
        }
        out.putShort((short) bytes.length).put(bytes);
    }

    private static String text(ByteBuffer in) {
        int length = unsigned16(in);
        if (length > MAX_TEXT_BYTES) {
            throw TidalException.invalid("text of " + length + " bytes is too long: expected up to " + MAX_TEXT_BYTES);
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(array(in, length)))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new TidalException(ErrorCode.INVALID_ARGUMENT, "text is not UTF-8", e);
        }
    }

    private static void putFlag(boolean flag, ByteBuffer out) {
        out.put((byte) (flag ? 1 : 0));
    }

    private static boolean flag(ByteBuffer in) {
        int flag = unsigned8(in);
        if (flag > 1) {
            throw TidalException.invalid("flag " + flag + " is neither 0 nor 1");
        }
        return flag == 1;
    }

    private static int unsigned8(ByteBuffer in) {
        return Byte.toUnsignedInt(in.get());
    }

    private static int unsigned16(ByteBuffer in) {
        return Short.toUnsignedInt(in.getShort());
    }

    /** Reads the count of things of at least this size; so many bytes must be there. */
    private static int count(ByteBuffer in, int bytesEach) {
        int count = in.getInt();
        if (count < 0 || count > in.remaining() / bytesEach) {
            throw TidalException.invalid(
                    "count of " + Integer.toUnsignedString(count) + " is out of range: expected up to "
                            + in.remaining() / bytesEach + " in " + in.remaining() + " bytes");
        }
        return count;
    }

    private static void putBytes(byte[] bytes, ByteBuffer out) {
        out.putInt(bytes.length).put(bytes);
    }

    private static byte[] bytes(ByteBuffer in) {
        return array(in, count(in, 1));
    }

    private static byte[] array(ByteBuffer in, int length) {
        if (length > in.remaining()) {
            throw new BufferUnderflowException();
        }
        byte[] bytes = new byte[length];
        in.get(bytes);
        return bytes;
    }

    private static int crc(ByteBuffer message) {
        CRC32C crc = new CRC32C();
        crc.update(message.slice(CRC_BYTES, message.limit() - CRC_BYTES));
        return (int) crc.getValue();
    }

    private static TidalException corrupt(int kind, String expected, @Nullable Throwable cause) {
        return new TidalException(
                ErrorCode.CORRUPT_DATA, "message of kind " + kind + " is damaged: expected " + expected, cause);
    }

    private static String hex(int value) {
        return "0x" + Integer.toHexString(value);
    }
}
