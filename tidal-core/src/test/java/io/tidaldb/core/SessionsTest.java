package io.tidaldb.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.ErrorCode;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("R-44: sessions")
class SessionsTest extends OneTenant {

    private static final EntityId ANNA = EntityId.of(1_001);
    private static final SessionId SESSION = SessionId.of(-7);

    private Position write(int number, SessionEvent event) {
        return tenant.sessions().write(SESSION, SessionSeqNo.of(number), event, WriteOptions.DEFAULT);
    }

    private Session read() {
        return tenant.sessions().read(SESSION, ReadOptions.DEFAULT);
    }

    private void whole() {
        tenant.sessions().start(SESSION, ANNA, WriteOptions.DEFAULT);
        write(2, new SessionEvent.Preference("language", "de"));
        write(3, new SessionEvent.Query("Züge nach Köln"));
        write(4, new SessionEvent.Interaction("view", EntityId.of(5), 2));
        write(5, new SessionEvent.Annotation(EntityId.of(5), "too early"));
        write(6, new SessionEvent.Preference("language", "en"));
        tenant.sessions().close(SESSION, SessionSeqNo.of(7), WriteOptions.DEFAULT);
    }

    private void isWhole(Session session) {
        assertThat(session.user()).isEqualTo(ANNA);
        assertThat(session.closed()).isTrue();
        assertThat(session.highWaterMark()).isEqualTo(SessionSeqNo.of(7));
        assertThat(session.preferences()).hasSize(1).containsEntry("language", "en");
        assertThat(session.entries())
                .extracting(SessionEntry::event)
                .containsExactly(
                        new SessionEvent.Start(ANNA),
                        new SessionEvent.Preference("language", "de"),
                        new SessionEvent.Query("Züge nach Köln"),
                        new SessionEvent.Interaction("view", EntityId.of(5), 2),
                        new SessionEvent.Annotation(EntityId.of(5), "too early"),
                        new SessionEvent.Preference("language", "en"),
                        new SessionEvent.Close());
    }

    @Test
    @DisplayName("are read as they were written")
    void readBack() {
        whole();
        isWhole(read());
        assertThat(tenant.total("view")).isZero();
    }

    @Test
    @DisplayName("outlast restarts, crashes and their logs")
    void outlast() {
        whole();
        reopen(tidal::close);
        isWhole(read());
        reopen(tidal::abandon);
        isWhole(read());
        tidal.close();
        tidal = drill.durable().retention(Duration.ZERO).open();
        drill.clock.advance(Duration.ofMinutes(1));
        tidal.tenant(Drill.TENANT).orElseThrow().record("view", 1, 1);
        tidal.checkpoint();
        reopen(tidal::abandon);
        isWhole(read());
    }

    @Test
    @DisplayName("a retry returns the first position, with a key or without one, also after a restart")
    void retries() {
        Position started = tenant.sessions().start(SESSION, ANNA, WriteOptions.DEFAULT);
        Position asked =
                tenant.sessions().write(SESSION, SessionSeqNo.of(2), new SessionEvent.Query("a"), Drill.keyed(9));
        drill.clock.advance(Duration.ofSeconds(2));
        assertThat(tenant.sessions().start(SESSION, ANNA, WriteOptions.DEFAULT)).isEqualTo(started);
        assertThat(tenant.sessions().write(SESSION, SessionSeqNo.of(2), new SessionEvent.Query("a"), Drill.keyed(9)))
                .isEqualTo(asked);
        reopen(tidal::abandon);
        assertThat(tenant.sessions().start(SESSION, ANNA, WriteOptions.DEFAULT)).isEqualTo(started);
        assertThat(read().entries()).hasSize(2);
    }

    @Test
    @DisplayName("remember a retry for longer than the horizon of keys")
    void outlastsTheHorizon() {
        tenant.sessions().start(SESSION, ANNA, WriteOptions.DEFAULT);
        Position asked = write(2, new SessionEvent.Query("a"));
        drill.clock.advance(Duration.ofHours(30));
        tenant.recordAll(List.of(Signal.of("view", 1, 1)), Drill.keyed(1));
        assertThat(write(2, new SessionEvent.Query("a"))).isEqualTo(asked);
        assertThat(read().entries()).hasSize(2);
    }

    @Test
    @DisplayName("take each number once, in order, and say why not otherwise")
    void order() {
        tenant.sessions().start(SESSION, ANNA, WriteOptions.DEFAULT);
        write(2, new SessionEvent.Query("a"));
        Drill.fails(ErrorCode.SESSION_OUT_OF_ORDER, () -> write(2, new SessionEvent.Query("b")));
        Drill.fails(ErrorCode.INVALID_ARGUMENT, () -> write(3, new SessionEvent.Start(ANNA)));
        Drill.fails(ErrorCode.INVALID_ARGUMENT, () -> write(1, new SessionEvent.Query("d")));
        write(3, new SessionEvent.Close());
        Drill.fails(ErrorCode.SESSION_CLOSED, () -> write(4, new SessionEvent.Query("e")));
        assertThat(read().entries()).hasSize(3);
    }

    @Test
    @DisplayName("take no writes after a day, and are forgotten after a week")
    void idle() {
        tenant.sessions().start(SESSION, ANNA, WriteOptions.DEFAULT);
        drill.clock.advance(Duration.ofHours(25));
        Drill.fails(ErrorCode.SESSION_CLOSED, () -> write(2, new SessionEvent.Query("a")));
        assertThat(read().entries()).hasSize(1);
        drill.clock.advance(Duration.ofDays(8));
        tenant.sessions().start(SessionId.of(2), ANNA, WriteOptions.DEFAULT);
        Drill.fails(ErrorCode.SESSION_NOT_FOUND, this::read);
    }

    @Test
    @DisplayName("R-45: a read at a position that nobody wrote fails at once, whatever its patience")
    void unknownPosition() {
        Position started = tenant.sessions().start(SESSION, ANNA, WriteOptions.DEFAULT);
        ReadOptions patient = ReadOptions.DEFAULT.waiting(Duration.ofSeconds(30));
        assertThat(tenant.sessions().read(SESSION, patient.atLeast(started)).entries())
                .hasSize(1);
        for (String unknown : List.of("r0:s0:999", "r0:s0:9.1", "r4:s0:1")) {
            Drill.fails(
                    ErrorCode.POSITION_UNKNOWN,
                    () -> tenant.sessions().read(SESSION, patient.atLeast(Position.parse(unknown))));
        }
    }
}
