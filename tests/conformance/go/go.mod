module example.org/stranger

go 1.27
