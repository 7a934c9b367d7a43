package io.tidaldb.wal.file;

import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.wal.LogId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Where a node's files are.
 *
 * <pre>
 * [tenants/{tenant}/]wal/[h{holder:05}/][r{region:05}/]wal-[s{shard:05}-]{first_seq:020}.seg
 * journal/{n:020}.jnl  journal/manifest
 * </pre>
 *
 * The tenant's part is missing for tenant 0, {@code h} where a shard holds its own origin, {@code r} in the node's own region,
 * {@code s} for shard 0. Segments of all incarnations of an origin lie together; the first seqno tells them apart.
 *
 * <p>Not final, so that a test can let something happen whenever a place is looked up.
 */
class Layout {

    private static final Pattern SEGMENT = Pattern.compile("wal-(?:s([0-9]{5})-)?([0-9]{20})\\.seg");
    private static final Pattern HOLDER = Pattern.compile("h([0-9]{5})");
    private static final Pattern REGION = Pattern.compile("r([0-9]{5})");

    private final Path root;

    Layout(Path root) {
        this.root = root;
    }

    /** A segment as its name and place describe it; a null region is the node's own. */
    record SegmentFile(
            Path path,
            TenantId tenant,
            ShardId holder,
            @Nullable RegionId region,
            ShardId shard,
            long firstSeqno) {

        LogId log(RegionId own) {
            return new LogId(holder, tenant, Origin.of(region == null ? own : region, shard, firstSeqno));
        }
    }

    Path root() {
        return root;
    }

    Path journal() {
        return root.resolve("journal");
    }

    Path journalFile(long number) {
        return journal().resolve(digits(number) + ".jnl");
    }

    Path manifest() {
        return journal().resolve("manifest");
    }

    /** Returns the directory of a tenant's logs. */
    Path wal(TenantId tenant) {
        Path home = tenant.equals(TenantId.DEFAULT)
                ? root
                : root.resolve("tenants").resolve(Long.toUnsignedString(tenant.value()));
        return home.resolve("wal");
    }

    Path directory(LogId log, RegionId own) {
        Path directory = wal(log.tenant());
        if (!log.holder().equals(log.origin().shard())) {
            directory = directory.resolve(
                    String.format(Locale.ROOT, "h%05d", log.holder().value()));
        }
        if (!log.origin().region().equals(own)) {
            directory = directory.resolve(
                    String.format(Locale.ROOT, "r%05d", log.origin().region().value()));
        }
        return directory;
    }

    static String segmentName(ShardId shard, long firstSeqno) {
        String prefix = shard.value() == 0 ? "" : String.format(Locale.ROOT, "s%05d-", shard.value());
        return "wal-" + prefix + digits(firstSeqno) + ".seg";
    }

    /** Twenty digits hold any unsigned 64-bit number, so that names sort as the numbers do. */
    static String digits(long unsigned) {
        String text = Long.toUnsignedString(unsigned);
        return "0".repeat(20 - text.length()) + text;
    }

    /** Returns a file's name as reports print it: relative to the node's directory, with forward slashes. */
    String name(Path file) {
        return root.relativize(file).toString().replace('\\', '/');
    }

    /** Returns the numbers of all journal files, ascending. */
    List<Long> journalFiles() throws IOException {
        List<Long> numbers = new ArrayList<>();
        for (Path file : list(journal())) {
            String name = file.getFileName().toString();
            if (name.matches("[0-9]{20}\\.jnl")) {
                numbers.add(Long.parseUnsignedLong(name.substring(0, 20)));
            }
        }
        numbers.sort(Long::compareUnsigned);
        return numbers;
    }

    /** Returns the segments of all tenants, in no particular order of logs, but ascending within each. */
    List<SegmentFile> segments() throws IOException {
        List<SegmentFile> found = new ArrayList<>();
        collect(wal(TenantId.DEFAULT), TenantId.DEFAULT, found);
        for (Path home : list(root.resolve("tenants"))) {
            String name = home.getFileName().toString();
            if (name.matches("[1-9][0-9]{0,19}")
                    && Long.toUnsignedString(parse(name)).equals(name)) {
                collect(home.resolve("wal"), TenantId.of(parse(name)), found);
            }
        }
        return found;
    }

    /** Returns the segments of one tenant. */
    List<SegmentFile> segments(TenantId tenant) throws IOException {
        List<SegmentFile> found = new ArrayList<>();
        collect(wal(tenant), tenant, found);
        return found;
    }

    private static long parse(String digits) {
        try {
            return Long.parseUnsignedLong(digits);
        } catch (NumberFormatException e) {
            return 0;
        }
    }

    private static void collect(Path wal, TenantId tenant, List<SegmentFile> found) throws IOException {
        collect(wal, tenant, null, null, found);
    }

    private static void collect(
            Path directory,
            TenantId tenant,
            @Nullable ShardId holder,
            @Nullable RegionId region,
            List<SegmentFile> found)
            throws IOException {
        for (Path path : list(directory)) {
            String name = path.getFileName().toString();
            Matcher segment = SEGMENT.matcher(name);
            Matcher inHolder = HOLDER.matcher(name);
            Matcher inRegion = REGION.matcher(name);
            if (segment.matches()) {
                int shard = segment.group(1) == null ? 0 : Integer.parseInt(segment.group(1));
                long first = parse(segment.group(2));
                if (shard <= 0xFFFF && Seqno.counter(first) != 0) {
                    ShardId origin = ShardId.of(shard);
                    found.add(new SegmentFile(path, tenant, holder == null ? origin : holder, region, origin, first));
                }
            } else if (inHolder.matches() && holder == null && region == null && number(inHolder) <= 0xFFFF) {
                collect(path, tenant, ShardId.of(number(inHolder)), null, found);
            } else if (inRegion.matches() && region == null && number(inRegion) <= 0xFFFF) {
                collect(path, tenant, holder, RegionId.of(number(inRegion)), found);
            }
        }
    }

    private static int number(Matcher matcher) {
        return Integer.parseInt(matcher.group(1));
    }

    /** Returns a directory's entries by name; none if there is no such directory. */
    static List<Path> list(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.sorted(Comparator.comparing(p -> p.getFileName().toString()))
                    .toList();
        } catch (NoSuchFileException e) {
            // Removed in between.
            return List.of();
        }
    }
}
