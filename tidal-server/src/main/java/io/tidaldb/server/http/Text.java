package io.tidaldb.server.http;

/** Text of unknown origin, made safe to show: short, without control characters. */
final class Text {

    private static final int MAX = 60;

    private Text() {}

    static String safe(String text) {
        StringBuilder safe = new StringBuilder();
        text.chars().limit(MAX).forEach(c -> safe.append(Character.isISOControl(c) ? '?' : (char) c));
        return text.length() > MAX ? safe.append('…').toString() : safe.toString();
    }
}
