package io.tidaldb.transport.netty;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** Finds the addresses of names on a thread of its own: the JDK blocks meanwhile, and event loops must not. */
final class Resolver implements AutoCloseable {

    private static final int QUEUE = 1024;

    private final ThreadPoolExecutor thread;

    Resolver() {
        thread = new ThreadPoolExecutor(1, 1, 10, TimeUnit.SECONDS, new ArrayBlockingQueue<>(QUEUE), task -> {
            Thread created = new Thread(task, "tidal-resolver-1");
            created.setDaemon(true);
            return created;
        });
        thread.allowCoreThreadTimeOut(true);
    }

    /** Calls back with an address or a failure; at once if it needs no looking up. */
    void resolve(Endpoint endpoint, BiConsumer<@Nullable InetSocketAddress, @Nullable Throwable> found) {
        byte[] literal = NetUtil.createByteArrayFromIpAddressString(endpoint.host());
        if (literal != null) {
            lookUp(endpoint, found);
            return;
        }
        try {
            thread.execute(() -> lookUp(endpoint, found));
        } catch (RejectedExecutionException e) {
            found.accept(null, e);
        }
    }

    private static void lookUp(Endpoint endpoint, BiConsumer<@Nullable InetSocketAddress, @Nullable Throwable> found) {
        InetSocketAddress address;
        try {
            address = new InetSocketAddress(InetAddress.getByName(endpoint.host()), endpoint.port());
        } catch (UnknownHostException e) {
            found.accept(null, e);
            return;
        }
        found.accept(address, null);
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
