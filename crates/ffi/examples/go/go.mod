module example.com/eventsieve-filter

go 1.19
