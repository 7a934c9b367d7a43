package io.tidaldb.transport.netty;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TidalException;
import java.nio.charset.StandardCharsets;

/**
 * What two nodes say to each other before they are linked. Each greeting begins alike, in all versions:
 *
 * <pre>
 *  0  4  magic, ASCII TDLN
 *  4  2  protocol version
 *  6  1  kind
 *  7  1  zero
 *  8  4  bytes after this field
 * 12     body
 * </pre>
 */
sealed interface Greeting {

    int MAGIC = 0x54444C4E;
    int HEADER_BYTES = 12;
    int MAX_BODY_BYTES = 4096;

    int VERSION_OFFSET = 4;
    int KIND_OFFSET = 6;
    int LENGTH_OFFSET = 8;

    int HELLO = 1;
    int GO = 2;
    int REFUSED = 3;

    /**
     * Who somebody is, what he expects and what he takes.
     *
     * @param instance drawn anew at each start of a node
     * @param lastLink the last link between the two nodes that the sender knows, and knows to be gone; 0 if none
     * @param maxMessageBytes largest message that the sender takes
     * @param expected whom the sender wants to talk to
     */
    record Hello(int instance, long lastLink, int maxMessageBytes, String cluster, NodeId node, NodeId expected)
            implements Greeting {

        @Override
        public ByteBuf encode(ByteBufAllocator allocator) {
            ByteBuf out = begin(allocator, HELLO)
                    .writeInt(instance)
                    .writeLong(lastLink)
                    .writeInt(maxMessageBytes);
            putText(out, cluster);
            putText(out, node.name());
            putText(out, expected.name());
            return end(out);
        }

        static Hello decode(ByteBuf body) {
            int instance = body.readInt();
            long lastLink = body.readLong();
            int maxMessageBytes = body.readInt();
            if (maxMessageBytes < 1) {
                throw TidalException.invalid("a hello that takes messages of " + maxMessageBytes + " bytes");
            }
            return new Hello(
                    instance, lastLink, maxMessageBytes, text(body), NodeId.of(text(body)), NodeId.of(text(body)));
        }
    }

    /** The link begins. Said by the node with the smaller name, which decides which connection is the link. */
    record Go(long link) implements Greeting {

        @Override
        public ByteBuf encode(ByteBufAllocator allocator) {
            return end(begin(allocator, GO).writeLong(link));
        }
    }

    /**
     * There will be no link on this connection.
     *
     * @param settled whether nothing is wrong: the two nodes have another link, or want none any more
     */
    record Refused(boolean settled, String why) implements Greeting {

        @Override
        public ByteBuf encode(ByteBufAllocator allocator) {
            ByteBuf out = begin(allocator, REFUSED).writeBoolean(settled);
            putText(out, why);
            return end(out);
        }
    }

    ByteBuf encode(ByteBufAllocator allocator);

    /**
     * Reads a body.
     *
     * @throws TidalException INVALID_ARGUMENT if it is malformed
     */
    static Greeting decode(int kind, ByteBuf body) {
        Greeting greeting;
        try {
            greeting = switch (kind) {
                case HELLO -> Hello.decode(body);
                case GO -> new Go(body.readLong());
                case REFUSED -> new Refused(body.readBoolean(), text(body));
                default -> throw TidalException.invalid("a greeting of kind " + kind);
            };
        } catch (IndexOutOfBoundsException e) {
            throw TidalException.invalid("a greeting of kind " + kind + " that is cut short");
        }
        if (body.isReadable()) {
            throw TidalException.invalid(
                    "a greeting of kind " + kind + " with " + body.readableBytes() + " bytes too many");
        }
        return greeting;
    }

    private static ByteBuf begin(ByteBufAllocator allocator, int kind) {
        return allocator
                .buffer(256)
                .writeInt(MAGIC)
                .writeShort(Frame.VERSION)
                .writeByte(kind)
                .writeByte(0)
                .writeInt(0);
    }

    private static ByteBuf end(ByteBuf greeting) {
        return greeting.setInt(LENGTH_OFFSET, greeting.readableBytes() - HEADER_BYTES);
    }

    private static void putText(ByteBuf out, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.writeShort(bytes.length).writeBytes(bytes);
    }

    private static String text(ByteBuf body) {
        return body.readString(body.readUnsignedShort(), StandardCharsets.UTF_8);
    }
}
