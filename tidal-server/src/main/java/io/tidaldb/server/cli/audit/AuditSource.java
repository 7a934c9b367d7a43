package io.tidaldb.server.cli.audit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.audit.AuditCheck;
import io.tidaldb.core.audit.AuditEntry;
import io.tidaldb.core.audit.AuditJournal;
import io.tidaldb.core.audit.AuditLine;
import io.tidaldb.server.client.Request;
import io.tidaldb.server.client.ServerClient;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** An audit log: a server's, or the files of a node, which may run. */
sealed interface AuditSource extends AutoCloseable {

    /** Returns the number of the last entry; 0 if there is none. */
    long newest();

    /** Hands out entries in order, those of one tenant or all. */
    void entries(long from, @Nullable TenantId tenant, Consumer<AuditEntry> reader);

    /** Computes the chain again. */
    AuditCheck check();

    @Override
    void close();

    /** The files in a directory. */
    record Files(Path directory, boolean ofAccess) implements AuditSource {

        @Override
        public long newest() {
            long[] newest = {0};
            entries(1, null, entry -> newest[0] = entry.number());
            return newest[0];
        }

        @Override
        public void entries(long from, @Nullable TenantId tenant, Consumer<AuditEntry> reader) {
            AuditJournal.forEachLine(directory, (file, number, line) -> {
                AuditEntry entry;
                try {
                    entry = AuditLine.parse(line);
                } catch (TidalException e) {
                    throw new TidalException(
                            e.code(), "line " + number + " of " + file + " can't be shown: " + e.getMessage(), e);
                }
                if (entry.number() >= from && (tenant == null || tenant.equals(entry.tenant()))) {
                    reader.accept(entry);
                }
            });
        }

        @Override
        public AuditCheck check() {
            return ofAccess ? AuditJournal.checkRest(directory) : AuditJournal.check(directory);
        }

        @Override
        public void close() {}
    }

    /** A server. */
    record Server(ServerClient client, boolean ofAccess) implements AuditSource {

        private static final int PAGE = 1_000;

        @Override
        public long newest() {
            return page(1, 1, null).path("newest").asLong();
        }

        @Override
        public void entries(long from, @Nullable TenantId tenant, Consumer<AuditEntry> reader) {
            // The access log's route shows everybody's: it is for operators.
            page(from, ofAccess ? null : tenant, entry -> {
                if (tenant == null || tenant.equals(entry.tenant())) {
                    reader.accept(entry);
                }
            });
        }

        /** Reads on to the end; returns the last page. */
        private ObjectNode page(long from, @Nullable TenantId tenant, Consumer<AuditEntry> reader) {
            long next = from;
            while (true) {
                ObjectNode page = page(next, PAGE, tenant);
                for (JsonNode entry : page.path("entries")) {
                    reader.accept(AuditLine.parse(entry.toString()));
                }
                long following = page.path("next").asLong();
                if (following <= next || following > page.path("newest").asLong()) {
                    return page;
                }
                next = following;
            }
        }

        private ObjectNode page(long from, int limit, @Nullable TenantId tenant) {
            String whose = tenant == null ? "" : "&tenant=" + Long.toUnsignedString(tenant.value());
            ObjectNode page = client.call(Request.get(
                    (ofAccess ? "/v1/audit/access?from=" : "/v1/audit?from=") + from + "&limit=" + limit + whose));
            if (!page.path("entries").isArray() || !page.path("head").isTextual()) {
                throw new TidalException(
                        ErrorCode.UNSUPPORTED, "the server's answer is no audit log: is it of another version?");
            }
            return page;
        }

        @Override
        public AuditCheck check() {
            AuditCheck check = ofAccess ? AuditCheck.ofRest() : new AuditCheck();
            ObjectNode last = page(1, null, check::next);
            check.end(
                    last.path("newest").asLong(),
                    Long.parseUnsignedLong(last.path("head").asText(), 16));
            return check;
        }

        @Override
        public void close() {
            client.close();
        }
    }
}
