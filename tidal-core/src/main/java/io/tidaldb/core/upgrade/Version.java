package io.tidaldb.core.upgrade;

import io.tidaldb.api.TidalException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A version: {@code 0.1} is a release, {@code 0.1.2} one of its patches. Patches of a release read and write the same formats, so it is
 * releases that clusters are finalized at.
 */
public record Version(int major, int minor, int patch) implements Comparable<Version> {

    /** The release of clusters that have never been finalized at any. */
    public static final Version FIRST = new Version(0, 1, 0);

    private static final Pattern FORM =
            Pattern.compile("(\\d{1,4})\\.(\\d{1,4})(?:\\.(\\d{1,6})(?:-[A-Za-z0-9.-]{1,32})?)?");

    /** @throws TidalException INVALID_ARGUMENT if the text has another form */
    public static Version parse(String text) {
        Matcher parts = FORM.matcher(text);
        if (!parts.matches()) {
            throw TidalException.invalid("\"" + (text.length() > 40 ? text.substring(0, 40) + "…" : text)
                    + "\" is not a version: expected MAJOR.MINOR or MAJOR.MINOR.PATCH, such as " + FIRST.releaseText());
        }
        return new Version(
                Integer.parseInt(parts.group(1)),
                Integer.parseInt(parts.group(2)),
                parts.group(3) == null ? 0 : Integer.parseInt(parts.group(3)));
    }

    /** Returns the release that it is a patch of. */
    public Version release() {
        return new Version(major, minor, 0);
    }

    /** Returns whether it is of an older release. */
    public boolean isBefore(Version other) {
        return release().compareTo(other.release()) < 0;
    }

    @Override
    public int compareTo(Version other) {
        int byMajor = Integer.compare(major, other.major);
        int byMinor = byMajor != 0 ? byMajor : Integer.compare(minor, other.minor);
        return byMinor != 0 ? byMinor : Integer.compare(patch, other.patch);
    }

    /** Returns the release as text: {@code 0.1}. */
    public String releaseText() {
        return major + "." + minor;
    }

    @Override
    public String toString() {
        return releaseText() + "." + patch;
    }
}
