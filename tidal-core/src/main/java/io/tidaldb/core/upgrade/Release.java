package io.tidaldb.core.upgrade;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Collections;
import java.util.Optional;
import java.util.Properties;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a binary is, and what it goes with. The version of the binary and the version that a cluster is finalized at are two things: a new
 * format is written only once the latter says so, and read from the first day.
 *
 * @param oldest the oldest finalized version of a cluster that it runs in
 * @param formats by name: each version of it that is read, and the release from which on that is written
 */
public record Release(Version version, Version oldest, SortedMap<String, SortedMap<Integer, Version>> formats) {

    private static final String FILE = "release.properties";
    private static final String FORMAT = "format.";

    private static final Release CURRENT = load();

    /** Makes the map unmodifiable. */
    public Release {
        formats = Collections.unmodifiableSortedMap(formats);
    }

    /** Returns what this binary is. */
    public static Release current() {
        return CURRENT;
    }

    /**
     * Refuses to tell what a version could read that is newer than this one.
     *
     * @throws TidalException INVALID_ARGUMENT
     */
    public void checkOlder(Version wanted) {
        if (version.isBefore(wanted)) {
            throw TidalException.invalid("version " + wanted.releaseText() + " is newer than this version, " + version
                    + ": expected that or an older one");
        }
    }

    private static Release load() {
        Properties properties = new Properties();
        try (InputStream file = Release.class.getResourceAsStream(FILE)) {
            if (file == null) {
                throw new TidalException(ErrorCode.INTERNAL, "this build is not complete: " + FILE + " is missing");
            }
            properties.load(file);
        } catch (IOException e) {
            throw new TidalException(ErrorCode.INTERNAL, FILE + " can't be read", e);
        }
        return of(properties);
    }

    /** Returns the release that properties describe. */
    public static Release of(Properties properties) {
        SortedMap<String, SortedMap<Integer, Version>> formats = new TreeMap<>();
        for (String key : properties.stringPropertyNames()) {
            if (key.startsWith(FORMAT)) {
                SortedMap<Integer, Version> versions = new TreeMap<>();
                for (String each : properties.getProperty(key).split(",", -1)) {
                    String[] parts = each.strip().split(":", 2);
                    versions.put(Integer.valueOf(parts[0]), Version.parse(parts[1]));
                }
                formats.put(key.substring(FORMAT.length()), Collections.unmodifiableSortedMap(versions));
            }
        }
        return new Release(
                Version.parse(properties.getProperty("version", "")),
                Version.parse(properties.getProperty("oldest", "")),
                formats);
    }

    /** Returns the version of a format that is written in a cluster that is finalized at a version. */
    public int writes(String format, Version finalized) {
        return versions(format).entrySet().stream()
                .filter(each -> !finalized.isBefore(each.getValue()))
                .mapToInt(each -> each.getKey())
                .max()
                .orElseGet(() -> versions(format).firstKey());
    }

    /** Returns the newest version of a format that is read. */
    public int reads(String format) {
        return versions(format).lastKey();
    }

    /** Returns the release that came with a version of a format; nothing if this binary does not know it. */
    public Optional<Version> since(String format, int version) {
        return Optional.ofNullable(versions(format).get(version));
    }

    private SortedMap<Integer, Version> versions(String format) {
        SortedMap<Integer, Version> versions = formats.get(format);
        if (versions == null) {
            throw new IllegalArgumentException("format " + format + " is not among " + formats.keySet());
        }
        return versions;
    }

    /**
     * Checks that it may run in a cluster.
     *
     * @param who runs it, for the message
     * @throws TidalException VERSION_MISMATCH
     */
    public void check(String who, Version finalized) {
        check(who, version, oldest, finalized);
    }

    /** As {@link #check(String, Version)}, of a binary of which only this is known. */
    public static void check(String who, Version version, Version oldest, Version finalized) {
        if (version.isBefore(finalized)) {
            throw new TidalException(
                    ErrorCode.VERSION_MISMATCH,
                    who + " runs version " + version + ", and the cluster is finalized at version "
                            + finalized.releaseText() + ": there is no way back; start version "
                            + finalized.releaseText() + " or the one after it");
        }
        if (finalized.isBefore(oldest)) {
            throw new TidalException(
                    ErrorCode.VERSION_MISMATCH,
                    who + " runs version " + version + ", which goes with clusters from version "
                            + oldest.releaseText() + " on, and the cluster is finalized at version "
                            + finalized.releaseText() + ": upgrade to " + oldest.releaseText()
                            + " on all nodes and finalize that first");
        }
    }
}
