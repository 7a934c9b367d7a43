package io.tidaldb.transport.netty;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.DuplexChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.NetUtil;
import io.netty.util.concurrent.FastThreadLocalThread;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** How sockets are made: by epoll where it is there, else by the JDK. */
@SuppressWarnings("FutureReturnValueIgnored") // What fails closes the channel, and that is seen.
final class Sockets {

    private static final int MAX_LOOPS = 4;
    private static final int RECEIVE_BYTES = 256 << 10;
    // Above the second nothing more is handed to the channel until it has sent down to the first.
    private static final WriteBufferWaterMark MARKS = new WriteBufferWaterMark(128 << 10, 512 << 10);
    private static final AtomicInteger THREADS = new AtomicInteger();

    private final boolean epoll;

    private Sockets(boolean epoll) {
        this.epoll = epoll;
    }

    /** Returns the best that this machine has. */
    static Sockets best() {
        return new Sockets(Epoll.isAvailable());
    }

    /** Returns what every machine has. */
    static Sockets ofJdk() {
        return new Sockets(false);
    }

    EventLoopGroup eventLoops() {
        int loops = Math.max(1, Math.min(MAX_LOOPS, Runtime.getRuntime().availableProcessors() / 2));
        return new MultiThreadIoEventLoopGroup(
                loops,
                task -> {
                    Thread thread = new FastThreadLocalThread(task, "tidal-netty-" + THREADS.incrementAndGet());
                    thread.setDaemon(true);
                    return thread;
                },
                epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
    }

    ServerBootstrap server(EventLoopGroup loops, Consumer<Channel> accepted) {
        return new ServerBootstrap()
                .group(loops)
                .channel(epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.SO_KEEPALIVE, true)
                .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, MARKS)
                .childOption(ChannelOption.RECVBUF_ALLOCATOR, receiving())
                .childHandler(initializer(accepted));
    }

    Bootstrap client(EventLoopGroup loops, Duration timeout, Consumer<Channel> connecting) {
        return new Bootstrap()
                .group(loops)
                .channel(epoll ? EpollSocketChannel.class : NioSocketChannel.class)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) timeout.toMillis())
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.SO_KEEPALIVE, true)
                .option(ChannelOption.WRITE_BUFFER_WATER_MARK, MARKS)
                .option(ChannelOption.RECVBUF_ALLOCATOR, receiving())
                .handler(initializer(connecting));
    }

    private static AdaptiveRecvByteBufAllocator receiving() {
        return new AdaptiveRecvByteBufAllocator(64, 16 << 10, RECEIVE_BYTES);
    }

    private static ChannelInitializer<Channel> initializer(Consumer<Channel> made) {
        return new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                made.accept(channel);
            }
        };
    }

    /** Says that nothing more will be sent; the other side then closes. */
    static void shutdownOutput(Channel channel) {
        ((DuplexChannel) channel).shutdownOutput();
    }

    static String print(@Nullable SocketAddress address) {
        return address instanceof InetSocketAddress internet
                ? NetUtil.toSocketAddressString(internet)
                : String.valueOf(address);
    }
}
