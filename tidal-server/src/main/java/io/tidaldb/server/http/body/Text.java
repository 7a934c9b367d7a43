package io.tidaldb.server.http.body;

/** Text of unknown origin, made safe to show: short, without control characters. */
public final class Text {

    private static final int MAX = 60;

    private Text() {}

    /** Returns the text as it may be shown. */
    public static String safe(String text) {
        StringBuilder safe = new StringBuilder();
        text.chars().limit(MAX).forEach(c -> safe.append(Character.isISOControl(c) ? '?' : (char) c));
        return text.length() > MAX ? safe.append('…').toString() : safe.toString();
    }
}
