package io.tidaldb.transport.netty;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.concurrent.Future;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.transport.PeerRefusal;
import io.tidaldb.transport.netty.Greeting.Go;
import io.tidaldb.transport.netty.Greeting.Hello;
import io.tidaldb.transport.netty.Greeting.Refused;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/**
 * Finds out who is at the other end of a connection, and whether it becomes the link to that node. Whoever has dialled says hello first, the
 * other one answers; then the node with the smaller name says go, or closes. Owned by the channel's event loop.
 */
@SuppressWarnings("FutureReturnValueIgnored") // What fails closes the channel, and that is seen.
final class Handshake extends ByteToMessageDecoder {

    private final NettyTransport transport;
    private final @Nullable Peer dialled;
    private String who = "an unknown node";
    private @Nullable Hello heard;
    private @Nullable Peer peer;
    private @Nullable Future<?> timeout;
    private boolean over;

    /**
     * Creates one.
     *
     * @param dialled whom this node has dialled; null if it was dialled itself
     */
    Handshake(NettyTransport transport, @Nullable Peer dialled) {
        this.transport = transport;
        this.dialled = dialled;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        who = (dialled == null ? "" : "node " + dialled.id() + " at ")
                + Sockets.print(ctx.channel().remoteAddress());
        long millis = transport.limits().handshake().toMillis();
        timeout = ctx.executor()
                .schedule(
                        () -> refuse(ctx, "its handshake was not over within " + millis + " ms"),
                        millis,
                        TimeUnit.MILLISECONDS);
        if (ctx.pipeline().get(SslHandler.class) == null) {
            begin(ctx);
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof SslHandshakeCompletionEvent tls) {
            if (tls.isSuccess()) {
                begin(ctx);
            } else {
                fail(ctx, "TLS: " + Echo.plain(Tls.reason(tls.cause())));
            }
        }
    }

    private void begin(ChannelHandlerContext ctx) {
        if (dialled != null) {
            ctx.writeAndFlush(transport.hello(dialled).encode(ctx.alloc()));
        }
    }

    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
        if (over) {
            in.skipBytes(in.readableBytes());
            return;
        }
        int begin = in.readerIndex();
        int known = Math.min(4, in.readableBytes());
        for (int i = 0; i < known; i++) {
            if (in.getByte(begin + i) != (byte) (Greeting.MAGIC >>> (24 - 8 * i))) {
                refuse(
                        ctx,
                        "it begins with the bytes " + ByteBufUtil.hexDump(in, begin, known)
                                + ", and no node of Tidal does: is it one, and do both sides use TLS or none?");
                return;
            }
        }
        if (in.readableBytes() < Greeting.HEADER_BYTES) {
            return;
        }
        int version = in.getUnsignedShort(begin + Greeting.VERSION_OFFSET);
        if (version != Frame.VERSION) {
            refuse(ctx, "it speaks protocol version " + version + ", this node version " + Frame.VERSION);
            return;
        }
        int length = in.getInt(begin + Greeting.LENGTH_OFFSET);
        if (length < 0 || length > Greeting.MAX_BODY_BYTES) {
            refuse(
                    ctx,
                    "a greeting of " + Integer.toUnsignedString(length) + " bytes; expected at most "
                            + Greeting.MAX_BODY_BYTES);
            return;
        }
        if (in.readableBytes() - Greeting.HEADER_BYTES < length) {
            return;
        }
        int kind = in.getUnsignedByte(begin + Greeting.KIND_OFFSET);
        in.skipBytes(Greeting.HEADER_BYTES);
        try {
            take(ctx, Greeting.decode(kind, in.readSlice(length)));
        } catch (TidalException e) {
            refuse(ctx, Echo.plain(String.valueOf(e.getMessage())));
        }
    }

    private void take(ChannelHandlerContext ctx, Greeting greeting) {
        if (greeting instanceof Refused refused) {
            over = refused.settled();
            end(ctx, "it refuses: " + Echo.of(refused.why()));
            ctx.close();
        } else if (greeting instanceof Hello hello && heard == null) {
            heard = hello;
            String wrong = check(hello);
            String unproven = wrong == null ? proof(ctx, hello.node()) : null;
            if (wrong != null) {
                refuse(ctx, wrong);
            } else if (unproven != null) {
                tell(PeerRefusal.CERTIFICATE, ctx);
                end(ctx, unproven, new Refused(false, unproven));
            } else {
                greeted(ctx, hello);
            }
        } else if (greeting instanceof Go go && heard != null && peer != null && !decides(heard.node())) {
            link(ctx, peer.follow(heard, go.link(), ctx.channel()), null);
        } else {
            refuse(ctx, "a " + greeting.getClass().getSimpleName() + " out of turn");
        }
    }

    /** Returns what is wrong with whoever says hello, or null. */
    private @Nullable String check(Hello hello) {
        NodeId local = transport.local();
        if (!hello.cluster().equals(transport.cluster())) {
            return "it is node " + hello.node() + " of cluster " + Echo.of(hello.cluster()) + "; this is cluster "
                    + Echo.of(transport.cluster());
        }
        if (!hello.expected().equals(local)) {
            return "node " + hello.node() + " expects node " + hello.expected() + "; this is node " + local;
        }
        if (dialled != null && !hello.node().equals(dialled.id())) {
            return "it is node " + hello.node() + "; expected node " + dialled.id();
        }
        if (hello.node().equals(local)) {
            return "it says that it is node " + local + ", which is this one";
        }
        return null;
    }

    /** Returns what is wrong with the certificate of whoever says that it is a node, or null. */
    private @Nullable String proof(ChannelHandlerContext ctx, NodeId node) {
        SslHandler handler = ctx.pipeline().get(SslHandler.class);
        Tls tls = transport.tls();
        if (handler == null || tls == null) {
            return null;
        }
        SSLSession session = handler.engine().getSession();
        return dialled == null
                ? tls.checkDialling(session, transport.cluster(), node)
                : Tls.check(session, transport.cluster(), node);
    }

    private void greeted(ChannelHandlerContext ctx, Hello hello) {
        peer = transport.peer(hello.node());
        if (peer == null && dialled == null) {
            peer = transport.guest(hello.node());
        }
        if (peer == null) {
            refuse(ctx, "node " + hello.node() + " is no peer of node " + transport.local());
            return;
        }
        if (dialled == null) {
            who = "node " + hello.node() + " at " + who;
            ctx.write(transport.hello(peer).encode(ctx.alloc()));
        }
        if (decides(hello.node())) {
            Link link = peer.admit(hello, ctx.channel());
            link(ctx, link, link == null ? null : new Go(link.id()));
        }
        ctx.flush();
    }

    private boolean decides(NodeId other) {
        return transport.local().compareTo(other) < 0;
    }

    /** Makes the connection a link. Nothing of the link is written before this returns, as this is the event loop. */
    private void link(ChannelHandlerContext ctx, @Nullable Link link, @Nullable Go go) {
        if (link == null) {
            // There is a link already, or none is wanted any more.
            over = true;
            ctx.writeAndFlush(new Refused(true, "there is another link").encode(ctx.alloc()))
                    .addListener(ChannelFutureListener.CLOSE);
            return;
        }
        over = true;
        stopTimer();
        if (go != null) {
            ctx.writeAndFlush(go.encode(ctx.alloc()));
        }
        ctx.pipeline().addLast(new FrameHandler(link, transport.limits()));
        transport.handshakeOver(ctx.channel());
        ctx.pipeline().remove(this);
    }

    /** Says why to both sides, and closes. */
    private void refuse(ChannelHandlerContext ctx, String why) {
        if (!over) {
            tell(PeerRefusal.GREETING, ctx);
            end(ctx, why, new Refused(false, why));
        }
    }

    /** TLS has failed, before anybody has said anything. */
    private void fail(ChannelHandlerContext ctx, String why) {
        if (!over) {
            tell(PeerRefusal.TLS, ctx);
            end(ctx, why, null);
        }
    }

    private void tell(PeerRefusal why, ChannelHandlerContext ctx) {
        if (dialled == null) {
            transport.refusedPeer(ctx.channel().remoteAddress(), why);
        }
    }

    private void end(ChannelHandlerContext ctx, String why) {
        if (!over) {
            end(ctx, why, null);
        }
    }

    private void end(ChannelHandlerContext ctx, String why, @Nullable Refused answer) {
        over = true;
        Channel channel = ctx.channel();
        transport.refused(who, why);
        if (answer == null) {
            channel.close();
        } else {
            ctx.writeAndFlush(answer.encode(ctx.alloc())).addListener(ChannelFutureListener.CLOSE);
        }
    }

    private void stopTimer() {
        if (timeout != null) {
            timeout.cancel(false);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        stopTimer();
        end(ctx, "it ended before its handshake was over");
        if (peer != null) {
            peer.leave();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (cause instanceof IOException) {
            end(ctx, Echo.plain(cause.toString()));
        } else {
            fail(ctx, "TLS: " + Echo.plain(Tls.reason(cause)));
        }
    }
}
