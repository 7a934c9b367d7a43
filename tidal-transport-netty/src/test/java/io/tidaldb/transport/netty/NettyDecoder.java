package io.tidaldb.transport.netty;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TidalException;
import io.tidaldb.testkit.fuzz.Decoder;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** What a node reads of whoever connects, and of failures of whoever was asked. */
@SuppressWarnings("ImmutableEnumChecker") // The bytes are copied before they are spoilt.
enum NettyDecoder implements Decoder {
    /** A kind and a body. */
    GREETING(greetings(), bytes -> {
        ByteBuf in = Unpooled.wrappedBuffer(bytes);
        if (in.isReadable()) {
            Greeting.decode(in.readUnsignedByte(), in);
        }
    }),
    FAILURE(
            List.of(bytes(Failures.encode(TidalException.invalid("it is none")))),
            bytes -> Failures.decode(ByteBuffer.wrap(bytes)));

    private final List<byte[]> examples;
    private final Consumer<byte[]> read;

    NettyDecoder(List<byte[]> examples, Consumer<byte[]> read) {
        this.examples = examples;
        this.read = read;
    }

    private static List<byte[]> greetings() {
        return Stream.of(
                        new Greeting.Hello(1, 2, 1 << 20, "a cluster", NodeId.of("n0"), NodeId.of("n1")),
                        new Greeting.Go(7),
                        new Greeting.Refused(true, "there is another link"))
                .map(greeting -> greeting.encode(UnpooledByteBufAllocator.DEFAULT))
                .map(encoded -> {
                    byte[] bytes = new byte[1 + encoded.readableBytes() - Greeting.HEADER_BYTES];
                    bytes[0] = encoded.getByte(Greeting.KIND_OFFSET);
                    encoded.getBytes(Greeting.HEADER_BYTES, bytes, 1, bytes.length - 1);
                    encoded.release();
                    return bytes;
                })
                .toList();
    }

    private static byte[] bytes(ByteBuffer encoded) {
        byte[] bytes = new byte[encoded.remaining()];
        encoded.get(bytes);
        return bytes;
    }

    @Override
    public List<byte[]> examples() {
        return examples;
    }

    @Override
    public void read(byte[] bytes) {
        read.accept(bytes);
    }
}
