package com.example.forage;

import java.util.LinkedHashMap;
import java.util.Map;

/** Groups texts: the label whose description a text is most similar to, or "other" if it is similar to none. */
final class Labels {

    static final String OTHER = "other";

    private static final double SIMILAR = 0.12;

    private final Map<String, Embedding> descriptions = new LinkedHashMap<>();

    Labels with(String label, String description) {
        descriptions.put(label, Embedding.of(description));
        return this;
    }

    static Labels standard() {
        return new Labels()
                .with("food", "bread soup recipe kitchen cooking baking dinner vegetables cheese oven")
                .with("outdoors", "hiking trail mountain river forest walking camping birds garden weather")
                .with("technology", "software computer database programming network compiler memory release")
                .with("music", "concert song orchestra piano guitar singing album jazz choir");
    }

    String of(String text) {
        Embedding embedding = Embedding.of(text);
        String best = OTHER;
        double similarity = SIMILAR;
        for (Map.Entry<String, Embedding> label : descriptions.entrySet()) {
            double found = embedding.similarity(label.getValue());
            if (found > similarity) {
                similarity = found;
                best = label.getKey();
            }
        }
        return best;
    }
}
