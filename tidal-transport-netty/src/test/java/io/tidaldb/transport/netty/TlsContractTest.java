package io.tidaldb.transport.netty;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.transport.Transport;
import io.tidaldb.api.transport.TransportContext;
import io.tidaldb.api.transport.TransportFactory;
import io.tidaldb.api.transport.TransportTls;
import io.tidaldb.testkit.Certificates;
import io.tidaldb.testkit.TransportContract;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

class TlsContractTest extends TransportContract {

    @TempDir
    static Path directory;

    private static final Map<NodeId, TransportTls> CERTIFICATES = new HashMap<>();

    @BeforeAll
    static void issue() throws Exception {
        Certificates authority = new Certificates(directory, "authority");
        for (String name : new String[] {"a", "b", "c"}) {
            CERTIFICATES.put(NodeId.of(name), authority.issue(name, "dns:" + name));
        }
        CERTIFICATES.put(NodeId.client("shop", 0x1f), authority.issue("client-shop", "uri:tidal:tls/client-shop"));
    }

    @Override
    protected TransportFactory factory() {
        TransportFactory plain = new NettyTransportFactory();
        return new TransportFactory() {
            @Override
            public String name() {
                return plain.name();
            }

            @Override
            public int spiVersion() {
                return plain.spiVersion();
            }

            @Override
            public Transport create(TransportContext context) {
                return plain.create(new TransportContext(
                        context.local(),
                        context.listen(),
                        context.maxMessageBytes(),
                        context.queueBytes(),
                        context.scheduler(),
                        "tls",
                        null,
                        CERTIFICATES.get(context.local())));
            }
        };
    }

    @Override
    protected String listen(NodeId node) {
        return "127.0.0.1:0";
    }

    @Override
    protected String nobody() {
        return "127.0.0.1:1";
    }
}
