package com.example.shop;

import io.tidaldb.api.QuotaExceededException;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.ScoredEntity;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import java.util.List;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/** Records what customers do with articles, and says which ones are popular now. */
@RestController
class PopularController {

    private static final TenantId SHOP = TenantId.of(1);

    private final Tenant tenant;

    PopularController(Tidal tidal) {
        tenant = tidal.tenant(SHOP)
                .orElseGet(() -> tidal.createTenant(
                        TenantConfig.builder(SHOP).label("shop").build()));
    }

    /** An article and how popular it is. */
    record Popular(String article, double score) {}

    @PostMapping("/articles/{article}/{signal}")
    @ResponseStatus(HttpStatus.NO_CONTENT)
    void record(@PathVariable String article, @PathVariable String signal) {
        tenant.record(signal, article, 1.0);
    }

    @GetMapping("/popular")
    List<Popular> popular(@RequestParam(defaultValue = "view") String signal) {
        return tenant.top(signal, 10).stream().map(PopularController::popular).toList();
    }

    private static Popular popular(ScoredEntity entity) {
        return new Popular(entity.name(), entity.score());
    }

    @ExceptionHandler
    ResponseEntity<String> refused(QuotaExceededException refusal) {
        return ResponseEntity.status(HttpStatus.TOO_MANY_REQUESTS).body(refusal.getMessage());
    }
}
