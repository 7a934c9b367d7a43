package io.tidaldb.bench;

import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/** The limit of one-way streams: a blocking socket, a thread at each end, direct buffers, nothing but bytes. */
final class BlockingStream implements Contender {

    private final long bytes;
    private final SocketChannel sending;
    private final SocketChannel receiving;
    private final ByteBuffer sent;
    private final ByteBuffer received;

    BlockingStream(long bytes, int messageBytes) throws Exception {
        this.bytes = bytes;
        sent = ByteBuffer.allocateDirect(messageBytes);
        received = ByteBuffer.allocateDirect(messageBytes);
        try (ServerSocketChannel listening =
                ServerSocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
            sending = SocketChannel.open(listening.getLocalAddress());
            receiving = listening.accept();
        }
    }

    @Override
    public Phase run(double seconds) throws Exception {
        long begin = System.nanoTime();
        Thread sender = new Thread(this::send, "tidal-bench-sender");
        sender.start();
        for (long left = bytes; left > 0; ) {
            int read = receiving.read(received.clear());
            if (read < 0) {
                throw new EOFException("the sender has closed");
            }
            left -= read;
        }
        sender.join();
        return Phase.of(Figure.RATE, (bytes >> 20) * 1e9 / (System.nanoTime() - begin));
    }

    private void send() {
        try {
            for (long done = 0; done < bytes; done += sent.capacity()) {
                sent.clear();
                while (sent.hasRemaining()) {
                    sending.write(sent);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() throws Exception {
        sending.close();
        receiving.close();
    }
}
