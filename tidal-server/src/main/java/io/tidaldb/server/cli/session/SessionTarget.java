package io.tidaldb.server.cli.session;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.core.Position;
import io.tidaldb.core.SessionEvent;
import io.tidaldb.core.SessionId;
import io.tidaldb.core.SessionSeqNo;
import io.tidaldb.server.cli.backend.TenantOptions;
import io.tidaldb.server.cli.option.WriteChoice;
import io.tidaldb.server.importing.Json;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which session is written to, and how. */
@SuppressWarnings("NullAway.Init")
final class SessionTarget {

    @Mixin
    private final TenantOptions tenant = new TenantOptions();

    @Option(
            names = "--session",
            required = true,
            paramLabel = "ID",
            description = "The session: an unsigned 64-bit number, drawn at random by whoever starts it.")
    private String session;

    @Mixin
    private final WriteChoice write = new WriteChoice();

    ObjectNode write(@Nullable String token, int number, SessionEvent event) throws IOException {
        SessionId id = SessionId.parse(session);
        SessionSeqNo seqno = SessionSeqNo.of(number);
        Position position =
                tenant.ask(token, (backend, which) -> backend.sessions(which).write(id, seqno, event, write.options()));
        return Json.object().put("session", id.toString()).put("number", number).put("position", position.toString());
    }
}
