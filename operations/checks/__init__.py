"""What doctor looks at. Each check asks AWS about one thing and says what was found."""
