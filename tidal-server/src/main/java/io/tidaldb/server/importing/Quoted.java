package io.tidaldb.server.importing;

/** Text of unknown origin, made safe to show: short, in quotes, without control characters. */
final class Quoted {

    private static final int MAX = 60;

    private Quoted() {}

    static String of(String text) {
        StringBuilder safe = new StringBuilder("\"");
        text.chars().limit(MAX).forEach(c -> safe.append(Character.isISOControl(c) ? '?' : (char) c));
        return safe.append(text.length() > MAX ? "…\"" : "\"").toString();
    }
}
