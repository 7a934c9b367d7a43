package io.tidaldb.bench;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.DefaultFileRegion;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.handler.codec.LengthFieldBasedFrameDecoder;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.FileChannel;
import java.util.ArrayDeque;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The least that Netty needs for the same: frames with a length, answers in order, one flush for each batch, everything on the event loop of
 * each side. No deadlines, no bounds but a window, no scheduler: it is the limit, not a rival.
 */
final class RawWire implements Wire {

    private static final int LENGTH_BYTES = 4;
    private static final int MAX_FRAME = 2 << 20;
    private static final int WINDOW_BYTES = 8 << 20;

    private final @Nullable FileChannel file;
    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(2, EpollIoHandler.newFactory());
    private final Client client = new Client();
    private final Channel listening;
    private final Channel channel;
    private volatile CountDownLatch expected = new CountDownLatch(0);

    /** @param file where streamed messages are in, by zero copy; null to stream from memory */
    RawWire(@Nullable FileChannel file) throws InterruptedException {
        this.file = file;
        listening = new ServerBootstrap()
                .group(loops)
                .channel(EpollServerSocketChannel.class)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childHandler(initializer(new Server()))
                .bind(InetAddress.getLoopbackAddress(), 0)
                .sync()
                .channel();
        channel = new Bootstrap()
                .group(loops)
                .channel(EpollSocketChannel.class)
                .option(ChannelOption.TCP_NODELAY, true)
                .handler(initializer(client))
                .connect((InetSocketAddress) listening.localAddress())
                .sync()
                .channel();
    }

    private static ChannelInitializer<Channel> initializer(ChannelInboundHandlerAdapter handler) {
        return new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel made) {
                made.pipeline().addLast(new LengthFieldBasedFrameDecoder(MAX_FRAME, 0, LENGTH_BYTES), handler);
            }
        };
    }

    private final class Server extends ChannelInboundHandlerAdapter {

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            if (expected.getCount() > 0) {
                ((ByteBuf) message).release();
                expected.countDown();
            } else {
                ctx.write(message, ctx.voidPromise());
            }
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            ctx.flush();
        }
    }

    /** Answers come in the order of the questions. */
    private static final class Client extends ChannelInboundHandlerAdapter {

        final ArrayDeque<Runnable> waiting = new ArrayDeque<>();

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ((ByteBuf) message).release();
            waiting.remove().run();
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            ctx.flush();
        }
    }

    @Override
    public void ask(Runnable answered) {
        if (channel.eventLoop().inEventLoop()) {
            // Flushed when all answers that have come are looked at.
            write(answered);
        } else {
            channel.eventLoop().execute(() -> {
                write(answered);
                channel.flush();
            });
        }
    }

    private void write(Runnable answered) {
        client.waiting.add(answered);
        channel.write(
                channel.alloc()
                        .directBuffer(LENGTH_BYTES + QUESTION_BYTES)
                        .writeInt(QUESTION_BYTES)
                        .writeZero(QUESTION_BYTES),
                channel.voidPromise());
    }

    @Override
    public void stream(int messages, int messageBytes) throws Exception {
        expected = new CountDownLatch(messages);
        Semaphore window = new Semaphore(WINDOW_BYTES);
        byte[] content = new byte[messageBytes];
        for (int i = 0; i < messages; i++) {
            window.acquire(messageBytes);
            ByteBuf head = channel.alloc().directBuffer(LENGTH_BYTES + (file == null ? messageBytes : 0));
            head.writeInt(messageBytes);
            if (file == null) {
                channel.writeAndFlush(head.writeBytes(content)).addListener(sent -> window.release(messageBytes));
            } else {
                channel.write(head, channel.voidPromise());
                channel.writeAndFlush(new Region(file, (long) i * messageBytes, messageBytes))
                        .addListener(sent -> window.release(messageBytes));
            }
        }
        if (!expected.await(60, TimeUnit.SECONDS)) {
            throw new IllegalStateException("messages are missing after 60 s");
        }
    }

    /** A part of a file that stays open. */
    private static final class Region extends DefaultFileRegion {

        Region(FileChannel file, long position, long count) {
            super(file, position, count);
        }

        @Override
        protected void deallocate() {}
    }

    @Override
    public void close() throws InterruptedException {
        channel.close().sync();
        listening.close().sync();
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
    }
}
