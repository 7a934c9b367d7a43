package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.transport.PeerRefusal;
import io.tidaldb.api.transport.Transport;
import io.tidaldb.api.transport.TransportContext;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.network.NodeNetwork;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.remote.Call;
import io.tidaldb.core.remote.CallCodec;
import io.tidaldb.core.replication.ReplicationSettings;
import io.tidaldb.core.runtime.LoopScheduler;
import io.tidaldb.core.runtime.SystemPlatform;
import io.tidaldb.transport.netty.NettyTransportFactory;
import java.lang.reflect.Constructor;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each frame that nodes send each other, from somebody who has a link as a client; the expectations are written here. */
@DisplayName("Frames of a client")
class ClientFramesTest {

    private static final Duration DEADLINE = Duration.ofSeconds(20);
    private static final NodeId ONE = Members.name(0);

    /** The only channel of requests that is open to clients, for the calls that are allowed. */
    private static final int CALLS = 2;

    private static final Set<Class<?>> ALLOWED = Set.of(
            Call.Write.class, Call.Writes.class, Call.Read.class, Call.Top.class, Call.Totals.class, Call.Route.class);

    @TempDir
    Path directory;

    private final List<String> noted = new CopyOnWriteArrayList<>();
    private final CallCodec codec = new CallCodec();

    /** A call about tenant 7 with nothing else in it. */
    private static Call call(Class<?> kind, boolean admitted) throws ReflectiveOperationException {
        Constructor<?> constructor = kind.getDeclaredConstructors()[0];
        constructor.setAccessible(true);
        Object[] values = Arrays.stream(kind.getRecordComponents())
                .map(each -> value(each.getName(), each.getType(), admitted))
                .toArray();
        return (Call) constructor.newInstance(values);
    }

    private static Object value(String name, Class<?> type, boolean admitted) {
        if (type == long.class || type == Long.class) {
            return name.equals("tenant") ? 7L : 0L;
        } else if (type == int.class || type == Integer.class) {
            return 0;
        } else if (type == boolean.class || type == Boolean.class) {
            return admitted;
        } else if (type == String.class) {
            return "";
        } else if (type == List.class) {
            return List.of();
        } else if (type == long[].class) {
            return new long[0];
        } else if (type == int[].class) {
            return new int[0];
        } else if (type == byte[].class) {
            return new byte[0];
        }
        if (type.isEnum()) {
            return type.getEnumConstants()[0];
        }
        throw new AssertionError(name + " is of type " + type);
    }

    private static ErrorCode refusal(Runnable asking) {
        try {
            asking.run();
        } catch (CompletionException e) {
            return ((TidalException) Objects.requireNonNull(e.getCause())).code();
        }
        throw new AssertionError("it was not refused");
    }

    @Test
    @DisplayName("F-61: every one that is not to write, read or find the way is refused and noted, and changes nothing")
    void refused() throws Exception {
        try (Members members = new Members(directory)) {
            members.configure(builder ->
                    builder.returnAfter(Duration.ofHours(1)).refusedPeers((who, why) -> noted.add(who + " " + why)));
            members.start(0, 1, 2);
            Tenant tenant = members.node(0)
                    .createTenant(TenantConfig.builder(TenantId.of(7)).build());
            tenant.record("view", 1, 1);
            String before = members.node(0).audit(1, 1, null).head() + " " + tenant.placement();
            NodeId client = NodeId.client("client", 5);
            LoopScheduler scheduler =
                    new SystemPlatform().machine(client).loops().scheduler("client");
            Transport transport = new NettyTransportFactory()
                    .create(new TransportContext(
                            client,
                            "",
                            ReplicationSettings.DEFAULT.messageBytes(),
                            ReplicationSettings.DEFAULT.queueBytes(),
                            scheduler,
                            Members.CLUSTER,
                            null,
                            null));
            try (NodeNetwork network =
                    new NodeNetwork(transport, scheduler, ReplicationSettings.DEFAULT.messageBytes())) {
                network.start();
                network.addPeer(ONE, members.address(0));
                Await.until(() -> network.isUp(ONE));
                noted.clear();
                for (Class<?> kind : Call.class.getPermittedSubclasses()) {
                    if (!ALLOWED.contains(kind)) {
                        expectRefused(network, client, call(kind, true));
                    }
                }
                expectRefused(network, client, call(Call.Write.class, true));
                // One that may ask is not noted, whatever it is told.
                ask(network, call(Call.Route.class, false));
                ask(network, call(Call.Totals.class, false));
                expectCorrupt(network);
                assertThat(noted).isEmpty();
                for (int channel = 0; channel < 256; channel++) {
                    if (channel != CALLS) {
                        ByteBuffer request = ByteBuffer.allocate(9).put(0, (byte) channel);
                        assertThat(refusal(() -> transport
                                        .request(ONE, request, DEADLINE)
                                        .toCompletableFuture()
                                        .join()))
                                .as("channel %d", channel)
                                .isEqualTo(ErrorCode.UNSUPPORTED);
                        expectNoted(client);
                    }
                }
                assertThat(network.replication().send(ONE, ByteBuffer.allocate(64)))
                        .isTrue();
                expectNoted(client);
            }
            assertThat(members.node(0).audit(1, 1, null).head() + " " + tenant.placement())
                    .isEqualTo(before);
            assertThat(tenant.total("view")).isEqualTo(1);
        }
    }

    private Answer ask(NodeNetwork network, Call call) {
        ByteBuffer answer = network.call(ONE, codec.encode(call, ByteBuffer.allocate(0)), DEADLINE)
                .toCompletableFuture()
                .join();
        return codec.answer(answer);
    }

    private void expectCorrupt(NodeNetwork network) {
        Call.Part two = new Call.Part(new long[] {1, 2}, 2, new long[0], List.of());
        Call.Writes call = new Call.Writes(0, 7, 0, null, DEADLINE.toNanos(), List.of(two));
        assertThat(ask(network, call)).isInstanceOfSatisfying(Answer.Refused.class, refused -> {
            assertThat(refused.code()).isEqualTo(ErrorCode.CORRUPT_DATA.name());
            assertThat(refused.message()).contains("2 signals and 0 bytes", "expected 21 bytes a signal");
        });
    }

    private void expectRefused(NodeNetwork network, NodeId client, Call call) {
        assertThat(ask(network, call))
                .isInstanceOfSatisfying(
                        Answer.Refused.class,
                        refused ->
                                assertThat(refused.code()).as(call.toString()).isEqualTo(ErrorCode.UNSUPPORTED.name()));
        expectNoted(client);
    }

    private void expectNoted(NodeId client) {
        Await.until(() -> !noted.isEmpty());
        assertThat(noted).containsExactly(client.name() + " " + PeerRefusal.REQUEST);
        noted.clear();
    }
}
