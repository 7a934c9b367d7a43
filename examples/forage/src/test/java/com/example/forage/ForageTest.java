package com.example.forage;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.core.Tidal;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.commons.math3.random.Well19937c;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ForageTest {

    private static final long USER = 1;

    private final Sources sources = new Sources(Path.of("sources"), Labels.standard());
    private final Tidal tidal = Forage.open(Tidal.builder());
    private final Feed feed = new Feed(tidal, sources::items, new Bandit(new Well19937c(7)));

    @AfterEach
    void close() {
        tidal.close();
    }

    private static long share(List<Item> items, String label) {
        return 100 * items.stream().filter(item -> item.label().equals(label)).count() / items.size();
    }

    @Test
    void textsAreGroupedByTheirWords() {
        Labels labels = Labels.standard();
        assertThat(labels.of("Baking bread in a cold oven")).isEqualTo("food");
        assertThat(labels.of("Hikers find a forgotten trail")).isEqualTo("outdoors");
        assertThat(labels.of("A database that forgets nothing")).isEqualTo("technology");
        assertThat(labels.of("Zzyzx")).isEqualTo(Labels.OTHER);
        assertThat(sources.items().stream().map(Item::label).distinct()).hasSizeGreaterThanOrEqualTo(4);
        assertThat(sources.items().stream().map(Item::source).distinct()).hasSizeGreaterThanOrEqualTo(3);
    }

    @Test
    void learnsWhatAUserLikesAndGoesOnExploring() {
        List<Item> first = new ArrayList<>();
        List<Item> last = new ArrayList<>();
        for (int round = 0; round < 80; round++) {
            List<Item> shown = feed.next(USER, 2);
            if (round < 10) {
                first.addAll(shown);
            } else if (round >= 60) {
                last.addAll(shown);
            }
            shown.stream().filter(item -> item.label().equals("food")).forEach(item -> feed.like(USER, item));
        }
        assertThat(share(last, "food")).isGreaterThan(60).isGreaterThan(share(first, "food"));
        assertThat(feed.tastes(USER, 1))
                .allSatisfy(taste -> assertThat(taste.arm().label()).isEqualTo("food"));
        // Somebody else's taste is his own.
        List<Item> other = new ArrayList<>();
        for (int round = 0; round < 10; round++) {
            other.addAll(feed.next(USER + 1, 2));
        }
        assertThat(share(other, "food")).isLessThan(share(last, "food"));
        assertThat(other.stream().map(Item::arm).distinct()).hasSizeGreaterThan(5);
    }

    @Test
    void neverShowsAgainWhatWasHidden() {
        Item hidden = feed.next(USER, 1).get(0);
        feed.like(USER, hidden);
        feed.hide(USER, hidden);
        int all = sources.items().size();
        assertThat(feed.next(USER, all)).hasSize(all - 1).doesNotContain(hidden);
        assertThat(feed.next(USER + 1, all)).contains(hidden);
    }

    @Test
    void servesAPageWhoseButtonsWork() throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        try (Page page = new Page(feed, sources::items, 0)) {
            String url = "http://127.0.0.1:" + page.port();
            String html = client.send(
                            HttpRequest.newBuilder(URI.create(url + "/?user=1")).build(),
                            HttpResponse.BodyHandlers.ofString())
                    .body();
            assertThat(html)
                    .contains("What it believes you like")
                    .containsPattern("<meter max=\"100\" value=\"\\d+\">");
            for (String linked : List.of("/page.css", "/page.js")) {
                assertThat(html).contains("\"" + linked + "\"");
                assertThat(client.send(
                                        HttpRequest.newBuilder(URI.create(url + linked))
                                                .build(),
                                        HttpResponse.BodyHandlers.ofString())
                                .statusCode())
                        .isEqualTo(200);
            }
            Matcher button =
                    Pattern.compile("action=\"(/hide[^\"]*item=(\\d+))\"").matcher(html);
            assertThat(button.find()).as(html).isTrue();
            HttpResponse<String> answer = client.send(
                    HttpRequest.newBuilder(URI.create(url + button.group(1).replace("&amp;", "&")))
                            .POST(HttpRequest.BodyPublishers.noBody())
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
            assertThat(answer.statusCode()).isEqualTo(303);
            assertThat(feed.next(USER, 1_000))
                    .isNotEmpty()
                    .noneMatch(
                            item -> Long.toUnsignedString(item.entity().value()).equals(button.group(2)));
        }
    }
}
