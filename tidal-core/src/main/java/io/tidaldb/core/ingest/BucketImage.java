package io.tidaldb.core.ingest;

import io.tidaldb.api.Origin;
import java.util.List;
import java.util.Map;

/**
 * One bucket of a slot's digest: the encoded cells of each ledger, in chunks.
 *
 * @param base those of what was merged
 */
public record BucketImage(List<byte[]> base, Map<Origin, List<byte[]>> origins) {}
