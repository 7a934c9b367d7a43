package io.tidaldb.transport.netty;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Cuts what comes on a link into frames, and looks after its life. Owned by the channel's event loop. */
@SuppressWarnings("FutureReturnValueIgnored") // What fails closes the channel, and that is seen.
final class FrameHandler extends ChannelInboundHandlerAdapter {

    /** A frame of so many bytes gets its buffer at once; a longer one grows as it comes. */
    private static final int AT_ONCE = 1 << 20;

    private final Link link;
    private final Limits limits;
    private final byte[] length = new byte[Frame.LENGTH_BYTES];
    private int lengthKnown;
    private @Nullable ByteBuf partial;
    private int missing;
    private long heardNanos;
    private @Nullable Future<?> heartbeat;
    private boolean over;

    FrameHandler(Link link, Limits limits) {
        this.link = link;
        this.limits = limits;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        heardNanos = ctx.executor().ticker().nanoTime();
        long nanos = limits.heartbeat().toNanos();
        heartbeat = ctx.executor().scheduleAtFixedRate(() -> beat(ctx), nanos, nanos, TimeUnit.NANOSECONDS);
    }

    private void beat(ChannelHandlerContext ctx) {
        long now = ctx.executor().ticker().nanoTime();
        if (link.inbox().isPaused()) {
            // Nothing comes because nothing is read.
            heardNanos = now;
        } else if (now - heardNanos > limits.silence().toNanos()) {
            link.fail("nothing came from it for " + limits.silence().toMillis() + " ms");
            return;
        }
        if (ctx.channel().isWritable() && link.outbox().isBetweenMessages()) {
            ctx.writeAndFlush(Frame.begin(ctx.alloc(), Frame.HEARTBEAT, 0, 0, 0, 0), ctx.voidPromise());
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf in = (ByteBuf) message;
        heardNanos = ctx.executor().ticker().nanoTime();
        try {
            while (!over && in.isReadable()) {
                if (partial != null) {
                    fill(partial, in);
                } else {
                    begin(ctx, in);
                }
            }
        } finally {
            in.release();
        }
    }

    private void begin(ChannelHandlerContext ctx, ByteBuf in) {
        if (lengthKnown == 0 && in.readableBytes() >= Frame.LENGTH_BYTES) {
            int bytes = in.getInt(in.readerIndex());
            if (isAcceptable(bytes)) {
                if (in.readableBytes() - Frame.LENGTH_BYTES >= bytes) {
                    take(in.readRetainedSlice(Frame.LENGTH_BYTES + bytes));
                } else {
                    in.skipBytes(Frame.LENGTH_BYTES);
                    allocate(ctx, bytes);
                }
            }
            return;
        }
        length[lengthKnown++] = in.readByte();
        if (lengthKnown == Frame.LENGTH_BYTES) {
            lengthKnown = 0;
            int bytes =
                    (length[0] & 0xFF) << 24 | (length[1] & 0xFF) << 16 | (length[2] & 0xFF) << 8 | (length[3] & 0xFF);
            if (isAcceptable(bytes)) {
                allocate(ctx, bytes);
            }
        }
    }

    private boolean isAcceptable(int bytes) {
        String wrong = Frame.checkLength(bytes, link.takesBytes());
        if (wrong != null) {
            fail(wrong);
        }
        return wrong == null;
    }

    private void allocate(ChannelHandlerContext ctx, int bytes) {
        missing = bytes;
        partial = ctx.alloc()
                .directBuffer(Math.min(AT_ONCE, Frame.LENGTH_BYTES + bytes), Frame.LENGTH_BYTES + bytes)
                .writeInt(bytes);
    }

    private void fill(ByteBuf frame, ByteBuf in) {
        int bytes = Math.min(missing, in.readableBytes());
        if (frame.writableBytes() < bytes) {
            // Twice as much as is there: memory is bounded by what has come.
            frame.capacity(
                    (int) Math.min(frame.maxCapacity(), Math.max(2L * frame.capacity(), frame.writerIndex() + bytes)));
        }
        frame.writeBytes(in, bytes);
        missing -= bytes;
        if (missing == 0) {
            partial = null;
            take(frame);
        }
    }

    private void take(ByteBuf frame) {
        String wrong = Frame.check(frame);
        if (wrong != null) {
            frame.release();
            fail(wrong);
        } else if (Frame.kind(frame) == Frame.HEARTBEAT) {
            frame.release();
        } else {
            if (Frame.kind(frame) == Frame.REQUEST) {
                link.arrived(frame);
            }
            link.inbox().add(frame);
        }
    }

    private void fail(String reason) {
        over = true;
        link.fail(reason);
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (ctx.channel().isWritable()) {
            link.outbox().write();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof SslCloseCompletionEvent) {
            ctx.channel().close();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        over = true;
        if (heartbeat != null) {
            heartbeat.cancel(false);
        }
        if (partial != null) {
            partial.release();
            partial = null;
        }
        link.lost();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        fail(Echo.plain(Tls.reason(cause)));
    }
}
