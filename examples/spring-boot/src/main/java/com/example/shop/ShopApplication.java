package com.example.shop;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

/** A shop that knows what is popular. */
@SpringBootApplication
public class ShopApplication {

    /** Starts it. */
    public static void main(String[] args) {
        SpringApplication.run(ShopApplication.class, args);
    }
}
