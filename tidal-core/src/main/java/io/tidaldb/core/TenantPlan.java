package io.tidaldb.core;

import io.tidaldb.api.TidalException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a change of a tenant would come to if it were made now.
 *
 * @param refusal why it would be refused; null if it would not
 * @param before what would change, as it is, as a JSON object; null if there is nothing
 * @param after what it would be
 * @param effects what else would happen, for people
 * @param risks what to think of before, for people
 * @param redundancyBefore what the tenant can lose now; null if it does not exist
 * @param redundancyAfter what it could lose then; null if it would not exist
 */
public record TenantPlan(
        @Nullable TidalException refusal,
        @Nullable String before,
        @Nullable String after,
        List<String> effects,
        List<String> risks,
        ClusterHealth.@Nullable TenantRisk redundancyBefore,
        ClusterHealth.@Nullable TenantRisk redundancyAfter) {

    /** Copies the lists. */
    public TenantPlan {
        effects = List.copyOf(effects);
        risks = List.copyOf(risks);
    }
}
