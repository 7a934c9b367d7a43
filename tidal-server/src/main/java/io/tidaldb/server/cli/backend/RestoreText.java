package io.tidaldb.server.cli.backend;

import io.tidaldb.api.Durability;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.RestoreOptions;
import io.tidaldb.core.backup.RestorePoint;
import io.tidaldb.server.client.Request;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a backup is restored as, as it was typed.
 *
 * @param at a position or a time, or null for all of it
 * @param regions where it may be, or null for where it might
 * @param durability when its writes are acknowledged, or null for when they were
 */
public record RestoreText(
        @Nullable String at,
        @Nullable List<Integer> regions,
        @Nullable Durability durability) {

    /** Returns up to where, refusing what is malformed. */
    public RestorePoint point() {
        return at == null ? RestorePoint.NEWEST : RestorePoint.parse(at);
    }

    RestoreOptions options(TenantId id) {
        RestoreOptions options = RestoreOptions.DEFAULT.as(id).at(point());
        if (regions != null) {
            options = options.in(regions.stream().map(RegionId::of).toList());
        }
        return durability == null ? options : options.with(durability);
    }

    /** Returns the same as a query. */
    String query() {
        List<String> parameters = new ArrayList<>();
        if (at != null) {
            parameters.add("at=" + Request.encoded(at));
        }
        if (regions != null) {
            parameters.add("regions=" + regions.stream().map(String::valueOf).collect(Collectors.joining(",")));
        }
        if (durability != null) {
            parameters.add("durability=" + durability);
        }
        return parameters.isEmpty() ? "" : "?" + String.join("&", parameters);
    }
}
