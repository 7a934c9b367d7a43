package io.tidaldb.server.view;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.ErasureCertificate;
import io.tidaldb.core.Tidal;
import io.tidaldb.server.importing.Json;
import java.util.List;

/** What has become of tenants that were deleted, as JSON. */
public final class ErasureView {

    private ErasureView() {}

    /** Returns all certificates. */
    public static ObjectNode list(List<ErasureCertificate> certificates) {
        ObjectNode result = Json.object();
        ArrayNode array = result.putArray("erasures");
        certificates.forEach(each -> array.add(of(each)));
        return result;
    }

    /** Returns a certificate. */
    public static ObjectNode of(ErasureCertificate certificate) {
        ObjectNode result = Json.object()
                .put("tenant", Long.toUnsignedString(certificate.tenant().value()))
                .put("complete", certificate.isComplete())
                .put("encrypted", certificate.encrypted());
        ArrayNode nodes = result.putArray("nodes");
        certificate
                .nodes()
                .forEach(each -> nodes.addObject()
                        .put("node", each.node().name())
                        .put("erased_at", each.erased().map(Object::toString).orElse(null))
                        .put("removed", each.removed()));
        return result;
    }

    /** Deletes a tenant; returns what it held, and the certificate as it is then. */
    public static ObjectNode delete(Tidal tidal, TenantId id, ObjectNode held) {
        tidal.deleteTenant(id);
        tidal.erasures().stream()
                .filter(each -> each.tenant().equals(id))
                .reduce((earlier, later) -> later)
                .ifPresent(certificate -> held.set("certificate", of(certificate)));
        return held;
    }
}
