package io.tidaldb.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** Says one thing to whoever connects, and hangs up. */
final class RawServer implements AutoCloseable {

    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final byte[] answer;
    private final Thread thread = new Thread(this::serve, "tidal-raw-server-0");

    RawServer(String answer) throws IOException {
        this.answer = answer.getBytes(StandardCharsets.US_ASCII);
        thread.setDaemon(true);
        thread.start();
    }

    String url() {
        return "http://127.0.0.1:" + listener.getLocalPort();
    }

    private void serve() {
        while (true) {
            try (Socket socket = listener.accept()) {
                // The request is read first: a connection with unread bytes is reset, and may take the answer with
                // it.
                assertThat(socket.getInputStream().read(new byte[8 << 10])).isPositive();
                socket.getOutputStream().write(answer);
            } catch (IOException e) {
                if (listener.isClosed()) {
                    return;
                }
            }
        }
    }

    @Override
    public void close() throws Exception {
        listener.close();
        thread.join();
    }
}
