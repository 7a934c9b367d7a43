package io.tidaldb.control.ratis;

import io.tidaldb.api.NodeId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.thirdparty.com.google.protobuf.MessageLite;

/**
 * What members send each other: a byte that names the kind, then the message. Raft's own are in Ratis' protobuf form; a proposal is an
 * entry of the log as it stands, its answer a byte that names the verdict.
 */
final class Wire {

    /** Kinds of requests; the position is what travels, so new ones go to the end. */
    enum Kind {
        VOTE,
        APPEND,
        SNAPSHOT,
        ELECTION,
        READ_INDEX,
        PROPOSE,
        READ
    }

    /** What became of a proposal at the member that was thought to be the leader; the position is what travels. */
    enum Verdict {
        /** A majority has it. */
        AGREED,
        /** It was not written to any log. */
        REFUSED,
        /** It was not written to any log, since too many wait. */
        FULL,
        /** It may come to be agreed. */
        UNKNOWN
    }

    /** Ratis names its threads for the member. */
    private static final String PREFIX = "tidal-control-";

    private Wire() {}

    static RaftPeerId peer(NodeId node) {
        return RaftPeerId.valueOf(PREFIX + node.name());
    }

    /** @throws io.tidaldb.api.TidalException INVALID_ARGUMENT if it names no node */
    static NodeId node(RaftPeerId peer) {
        String name = peer.toString();
        return NodeId.of(name.startsWith(PREFIX) ? name.substring(PREFIX.length()) : "");
    }

    static ByteBuffer message(Kind kind, MessageLite body) {
        return message(kind, body.toByteArray());
    }

    static ByteBuffer message(Kind kind, byte[] body) {
        return ByteBuffer.allocate(1 + body.length)
                .put((byte) kind.ordinal())
                .put(body)
                .flip();
    }

    static ByteBuffer answer(Verdict verdict) {
        return ByteBuffer.wrap(new byte[] {(byte) verdict.ordinal()});
    }

    /** Returns the verdict; UNKNOWN if it is none that this version knows. */
    static Verdict verdict(ByteBuffer answer) {
        int position = answer.hasRemaining() ? answer.get(answer.position()) : -1;
        Verdict[] all = Verdict.values();
        return position >= 0 && position < all.length ? all[position] : Verdict.UNKNOWN;
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
