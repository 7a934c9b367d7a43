package io.tidaldb.server.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A server of which something in between takes connections before it is there")
class BrokenHandshakeTest {

    /** Takes connections and breaks them off, as the published port of a container does whose process does not listen. */
    private static void breakOff(ServerSocket port, int afterBytes) {
        while (!port.isClosed()) {
            try (Socket connection = port.accept()) {
                connection.getInputStream().readNBytes(afterBytes);
            } catch (IOException e) {
                // Closed by the test, or by the other side: either way the next one is waited for, if there is any.
            }
        }
    }

    @ParameterizedTest(name = "after {0} bytes")
    @ValueSource(ints = {0, 1})
    @DisplayName("can't be reached now, which may pass; it is not one that is not trusted")
    void passes(int afterBytes) throws IOException {
        try (ServerSocket port = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
                ServerClient client = new ServerClient("https://127.0.0.1:" + port.getLocalPort(), null, null)) {
            Thread between = new Thread(() -> breakOff(port, afterBytes), "tidal-test-0");
            between.setDaemon(true);
            between.start();
            // Whether it is broken off within the handshake or before it is a matter of chance.
            for (int attempt = 0; attempt < 50; attempt++) {
                assertThatThrownBy(() -> client.call(Request.get("/v1/cluster")))
                        .isInstanceOfSatisfying(TidalException.class, e -> {
                            assertThat(e.code()).isEqualTo(ErrorCode.PEER_UNAVAILABLE);
                            assertThat(e).hasMessageContaining("can't be reached");
                            assertThat(Persistence.isPassing(e)).isTrue();
                        });
            }
        }
    }
}
