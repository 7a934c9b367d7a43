package io.tidaldb.server.http;

import io.tidaldb.server.http.exchange.MediaTypes;
import io.tidaldb.server.http.exchange.Problem;
import io.tidaldb.server.importing.Json;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/** Answers as a problem what fails below the routes: requests that are no HTTP, that are too large, that come while the node stops. */
final class JettyProblems extends ErrorHandler {

    @Override
    public boolean errorPageForMethod(String method) {
        return true;
    }

    @Override
    protected void generateResponse(
            Request request,
            Response response,
            int code,
            @Nullable String message,
            @Nullable Throwable cause,
            Callback callback) {
        Problem problem = Problem.of(code, null);
        describe(problem, response.getHeaders());
        response.write(true, ByteBuffer.wrap(bytes(problem)), callback);
    }

    private static void describe(Problem problem, HttpFields.Mutable headers) {
        headers.put(HttpHeader.CONTENT_TYPE, MediaTypes.PROBLEM);
        if (problem.retryAfterSeconds() != null) {
            headers.put(HttpHeader.RETRY_AFTER, problem.retryAfterSeconds().toString());
        }
    }

    private static byte[] bytes(Problem problem) {
        return Json.print(problem.body()).getBytes(StandardCharsets.UTF_8);
    }
}
