package io.tidaldb.server.http;

import java.util.concurrent.atomic.AtomicInteger;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/** Bounds the requests under way; more are refused at once, before anything is read of them. */
final class RequestLimit extends Handler.Wrapper {

    private final int limit;
    private final AtomicInteger underWay = new AtomicInteger();

    RequestLimit(int limit) {
        this.limit = limit;
    }

    int underWay() {
        return underWay.get();
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
        if (underWay.incrementAndGet() > limit) {
            underWay.decrementAndGet();
            Response.writeError(request, response, callback, 503);
            return true;
        }
        Request.addCompletionListener(request, failure -> underWay.decrementAndGet());
        return super.handle(request, response, callback);
    }
}
