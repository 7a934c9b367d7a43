/** What a route is, who may call it, what it is asked with and what it answers. */
@NullMarked
package io.tidaldb.server.http.exchange;

import org.jspecify.annotations.NullMarked;
