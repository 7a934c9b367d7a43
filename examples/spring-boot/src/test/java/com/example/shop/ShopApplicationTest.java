package com.example.shop;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;

class ShopApplicationTest {

    @TempDir
    Path work;

    private final HttpClient client = HttpClient.newHttpClient();

    private ConfigurableApplicationContext start() {
        return SpringApplication.run(
                ShopApplication.class, "--server.port=0", "--tidal.data-dir=" + work.resolve("data"));
    }

    private String send(ConfigurableApplicationContext shop, String method, String path)
            throws IOException, InterruptedException {
        String port = shop.getEnvironment().getProperty("local.server.port");
        HttpResponse<String> answer = client.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                        .method(method, HttpRequest.BodyPublishers.noBody())
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(answer.statusCode()).as(answer.body()).isBetween(200, 299);
        return answer.body();
    }

    @Test
    void isConfiguredByItselfAndKeepsWhatItKnowsOverARestart() throws Exception {
        try (ConfigurableApplicationContext shop = start()) {
            send(shop, "POST", "/articles/lamp/view");
            send(shop, "POST", "/articles/lamp/view");
            send(shop, "POST", "/articles/chair/view");
            send(shop, "POST", "/articles/chair/buy");
        }
        try (ConfigurableApplicationContext shop = start()) {
            assertThat(send(shop, "GET", "/popular")).contains("lamp", "chair").startsWith("[{\"article\":\"lamp\"");
            assertThat(send(shop, "GET", "/popular?signal=buy"))
                    .contains("chair")
                    .doesNotContain("lamp");
        }
    }
}
